/// A UUID from its text: 32 hexadecimal digits, with hyphens in the usual places or none.
pub(crate) fn parse_uuid(text: &str) -> Option<u128> {
    let digits: String = match text.len() {
        32 => text.to_owned(),
        36 => {
            let hyphens = text.char_indices().filter(|(_, c)| *c == '-').map(|(position, _)| position);
            if !hyphens.eq([8, 13, 18, 23]) {
                return None;
            }
            text.replace('-', "")
        }
        _ => return None,
    };
    let hexadecimal = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

/// `f79c3e09-677c-4bbd-a479-3f349cb785e7`.
pub(crate) fn format_uuid(uuid: u128) -> String {
    let hex = format!("{uuid:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
