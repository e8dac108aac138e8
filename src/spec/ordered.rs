use crate::error::Result;

/// A sorted map or set of these, made by inserting one after the other. `collect()` of a `BTreeMap` sorts first, and a
/// stable sort compiled for each type of entry is 3 KB of wasm.
pub(crate) fn ordered<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

/// The same of items that may fail: the first error ends it.
pub(crate) fn try_ordered<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = Result<T>>) -> Result<C> {
    let mut all = C::default();
    for item in items {
        all.extend([item?]);
    }
    Ok(all)
}
