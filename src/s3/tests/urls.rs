use crate::ErrorKind;
use crate::s3::Address;

fn url(endpoint: Option<&str>, path_style: bool, key: &str) -> String {
    Address::new(endpoint, "eu-west-1", "bucket", path_style).unwrap().object(key, &[]).unwrap().to_string()
}

fn root(endpoint: Option<&str>, path_style: bool) -> String {
    let at = Address::new(endpoint, "eu-west-1", "bucket", path_style).unwrap();
    at.root(&[("prefix", "a/b c+d&e")]).unwrap().to_string()
}

#[test]
fn the_bucket_is_in_the_host_or_in_the_path() {
    assert_eq!(url(None, false, "a/b"), "https://bucket.s3.eu-west-1.amazonaws.com/a/b");
    assert_eq!(url(None, true, "a/b"), "https://s3.eu-west-1.amazonaws.com/bucket/a/b");
    assert_eq!(url(Some("http://127.0.0.1:9000"), true, "a"), "http://127.0.0.1:9000/bucket/a");
    assert_eq!(url(Some("http://[::1]:9000/"), true, "a"), "http://[::1]:9000/bucket/a");
    assert_eq!(url(Some("https://Host.test:443/base/path/"), true, "a"), "https://host.test/base/path/bucket/a");
    assert_eq!(url(Some("https://host.test:8443/base"), false, "a"), "https://bucket.host.test:8443/base/a");
    let china = Address::new(None, "cn-north-1", "bucket", false).unwrap().object("a", &[]).unwrap();
    assert_eq!(china.host(), Some("bucket.s3.cn-north-1.amazonaws.com.cn"));
}

#[test]
fn the_bucket_s_own_url_has_its_query_escaped() {
    let query = "?prefix=a%2Fb%20c%2Bd%26e";
    assert_eq!(root(None, false), format!("https://bucket.s3.eu-west-1.amazonaws.com/{query}"));
    assert_eq!(root(Some("http://host.test"), true), format!("http://host.test/bucket{query}"));
}

#[test]
fn keys_keep_only_slashes_and_unreserved_characters() {
    assert_eq!(
        url(Some("http://h"), true, "a b+c=%?#ü/日本/~-._!*'();:@&$,[]"),
        "http://h/bucket/a%20b%2Bc%3D%25%3F%23%C3%BC/%E6%97%A5%E6%9C%AC/~-._\
         %21%2A%27%28%29%3B%3A%40%26%24%2C%5B%5D"
    );
}

#[test]
fn malformed_settings_are_refused_without_repeating_secrets() {
    let endpoints = [
        "host.test",
        "ftp://host.test",
        "https://",
        "https://key:hidden@host.test",
        "https://host.test/?a=hidden",
        "https://host .test",
        "",
    ];
    for endpoint in endpoints {
        let error = Address::new(Some(endpoint), "r", "bucket", true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{endpoint}");
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
    for bucket in ["", "a/b", "a.evil.org/", "a b", "a@b", "..", "büro"] {
        assert!(Address::new(None, "r", bucket, false).is_err(), "{bucket}");
    }
    for region in ["", "a/b", "eu.evil.org", "a b"] {
        assert!(Address::new(None, region, "bucket", false).is_err(), "{region}");
    }
    assert!(Address::new(Some("http://127.0.0.1:9000"), "r", "bucket", false).is_err());
}
