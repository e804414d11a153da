use super::*;

#[test]
fn every_line_of_the_tables_is_right() {
    let wrong: Vec<_> = build().into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
