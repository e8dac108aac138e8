use super::allocations::within;
use crate::read::decode_deletion_vector;
use crate::spec::Positions;

/// The same bytes as a whole vector, and as what is in one whose length and checksum are right.
pub fn deletion_vector(bytes: &[u8]) {
    let decode = |blob: &[u8]| within(bytes, 40, 64 << 10, || decode_deletion_vector(blob)).ok();
    decode(bytes);
    let vector = [&[0xd1, 0xd3, 0x39, 0x64], bytes].concat();
    let length = u32::try_from(vector.len()).unwrap().to_be_bytes();
    let checksum = crc32fast::hash(&vector).to_be_bytes();
    if let Some(positions) = decode(&[&length[..], &vector, &checksum].concat()) {
        check(&positions);
    }
}

/// What is asked about positions adds up.
fn check(positions: &Positions) {
    let end = 1_u64 << 34;
    let gaps = positions.gaps_in(0..end);
    let covered: u64 = gaps.iter().map(|gap| gap.end - gap.start).sum();
    assert_eq!(covered + positions.count_in(0..end), end);
    assert!(gaps.is_sorted_by(|a, b| a.end < b.start));
    for gap in gaps.iter().take(100) {
        assert!(!positions.contains(gap.start) && !positions.contains(gap.end - 1));
        assert!(gap.start == 0 || positions.contains(gap.start - 1));
    }
    assert_eq!(positions.count_in(0..u64::MAX) + u64::from(positions.contains(u64::MAX)), positions.len());
}
