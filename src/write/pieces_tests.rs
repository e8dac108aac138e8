use bytes::Bytes;

use crate::write::pieces::Pieces;

#[test]
fn bytes_come_out_in_order_whatever_the_sizes() {
    let mut random = 1_u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) % below
    };
    for _ in 0..200 {
        let (mut pieces, mut given, mut taken) = (Pieces::default(), Vec::new(), Vec::new());
        for _ in 0..30 {
            let piece: Vec<u8> = (0..next(9)).map(|_| next(256) as u8).collect();
            given.extend(&piece);
            pieces.push(Bytes::from(piece));
            let before = pieces.len();
            let wanted = next(12) as usize;
            let out = pieces.take(wanted);
            assert_eq!((out.len(), pieces.len()), (wanted.min(before), before - wanted.min(before)));
            taken.extend(out);
        }
        taken.extend(pieces.take(usize::MAX));
        assert_eq!((taken, pieces.len()), (given, 0));
    }
}
