use super::deletion_vector::decode;
use crate::ErrorKind;
use crate::spec::Positions;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn all(positions: &Positions) -> Vec<u64> {
    let (mut from, mut all) = (0, Vec::new());
    for gap in positions.gaps_in(0..1 << 33) {
        all.extend(from..gap.start);
        from = gap.end;
    }
    all
}

/// Positions 1, 3, 5, 7 and 9, as Iceberg's own writer puts them.
const ALTERNATING: &str =
    "0000002ad1d339640100000000000000000000003a30000001000000000004001000000001000300050007000900b3fb20be";

#[test]
fn deletion_vectors_of_iceberg_s_own_writer_are_read() {
    assert_eq!(all(&decode(&bytes(ALTERNATING)).unwrap()), [1, 3, 5, 7, 9]);
    let far = "00000030d1d339640100000000000000000000003a300000020000000000010000800100180000001c00000064006500630064\
               0015eb1c7c";
    assert_eq!(all(&decode(&bytes(far)).unwrap()), [100, 101, 2_147_483_747, 2_147_483_748]);
    assert!(decode(&bytes("0000000cd1d339640000000000000000bf18480c")).unwrap().is_empty());
}

#[test]
fn a_deletion_vector_that_was_damaged_anywhere_is_an_error() {
    let whole = bytes(ALTERNATING);
    for length in 0..whole.len() {
        assert_eq!(decode(&whole[..length]).unwrap_err().kind(), ErrorKind::InvalidData, "{length} bytes");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        assert_eq!(decode(&damaged).unwrap_err().kind(), ErrorKind::InvalidData, "byte {at}");
    }
    assert!(decode(&[whole, vec![0]].concat()).is_err());
}
