use std::io::Write;

use crate::parquet::pieces::Pieces;

#[test]
fn bytes_come_out_in_order_whatever_the_sizes() {
    let mut random = 1_u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) % below
    };
    // Smaller than a piece, and larger.
    for (rounds, most) in [(200, 9), (3, 500_000)] {
        for _ in 0..rounds {
            let (mut pieces, mut given, mut taken) = (Pieces::default(), Vec::<u8>::new(), Vec::<u8>::new());
            for _ in 0..30 {
                let bytes: Vec<u8> = (0..next(most)).map(|_| next(256) as u8).collect();
                given.extend(&bytes);
                pieces.write_all(&bytes).unwrap();
                let before = pieces.len();
                let wanted = next(most + 3) as usize;
                let out = pieces.take(wanted);
                assert_eq!((out.len(), pieces.len()), (wanted.min(before), before - wanted.min(before)));
                taken.extend(out);
            }
            taken.extend(pieces.take(usize::MAX));
            assert!(taken == given && pieces.len() == 0);
        }
    }
}
