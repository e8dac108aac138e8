use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::store_catalog::now;
use crate::catalog::{Allowed, Catalog, Head, Location, Pinned, StoreCatalog};
use crate::error::{Error, Result};
use crate::runtime::{Runtime, Timestamp};
use crate::spec::format_uuid;
use crate::store::ObjectStore;

/// What all clones of a table share: where it is, and the newest version that any of them has seen.
#[derive(Debug)]
pub(crate) struct TableHandle {
    pub(crate) name: String,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) location: Location,
    head: Mutex<Head>,
}

impl TableHandle {
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if the table was dropped.
    pub(crate) fn new(name: &str, catalog: StoreCatalog, head: Head, allowed: &[Allowed]) -> Result<Self> {
        let (store, runtime) = (catalog.store.clone(), catalog.runtime.clone());
        Self::with_catalog(name, store, runtime, Arc::new(catalog), head, allowed)
    }

    /// A table at one metadata file for ever.
    pub(crate) fn pinned(
        name: &str,
        catalog: &StoreCatalog,
        pinned: Pinned,
        head: Head,
        allowed: &[Allowed],
    ) -> Result<Self> {
        let (store, runtime) = (catalog.store.clone(), catalog.runtime.clone());
        Self::with_catalog(name, store, runtime, Arc::new(pinned), head, allowed)
    }

    fn with_catalog(
        name: &str,
        store: Arc<dyn ObjectStore>,
        runtime: Arc<dyn Runtime>,
        catalog: Arc<dyn Catalog>,
        head: Head,
        allowed: &[Allowed],
    ) -> Result<Self> {
        refuse_dropped(name, &head)?;
        let location = Location::new(&head.metadata.location, store.root(), name, allowed)?;
        Ok(Self { name: name.to_owned(), store, runtime, catalog, location, head: Mutex::new(head) })
    }

    fn lock(&self) -> MutexGuard<'_, Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest version that is known, without asking the store.
    pub(crate) fn head(&self) -> Head {
        self.lock().clone()
    }

    /// Takes note of a version, unless a newer one is known; returns the newest.
    pub(crate) fn advance(&self, head: Head) -> Head {
        let mut known = self.lock();
        let is_newer = (head.version, head.confirmed_at) >= (known.version, known.confirmed_at);
        if is_newer {
            *known = head;
        }
        known.clone()
    }

    /// The newest version there is: one request if nothing has happened.
    pub(crate) async fn refresh(&self) -> Result<Head> {
        let known = self.head();
        let head = self.catalog.head(&self.name, Some(&known)).await?;
        refuse_dropped(&self.name, &head)?;
        Ok(self.advance(head))
    }

    /// The newest version known, read anew only if that is so long ago that it may have been cleaned away.
    pub(crate) async fn recent_head(&self) -> Result<Head> {
        let known = self.head();
        if !known.is_recent(self.runtime.now()) {
            return self.refresh().await;
        }
        refuse_dropped(&self.name, &known)?;
        Ok(known)
    }

    /// The time by the store's clock, as far as it is known.
    pub(crate) fn now(&self) -> Timestamp {
        now(&*self.runtime, &*self.store)
    }

    /// A name that no other file has.
    pub(crate) fn unique(&self) -> String {
        uuid(self.runtime.random())
    }
}

fn refuse_dropped(name: &str, head: &Head) -> Result<()> {
    if head.is_dropped() {
        return Err(Error::not_found(format!("the table `{name}` was dropped")));
    }
    Ok(())
}

/// Random bits as a UUID of version 4.
pub(crate) fn uuid(random: u128) -> String {
    let bits = random & !(0xf000 << 64) & !(0xc000 << 48) | 0x4000 << 64 | 0x8000 << 48;
    format_uuid(bits)
}
