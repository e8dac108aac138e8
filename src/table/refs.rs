//! Branches and tags.

use crate::spec::{Branch, NewRef, RefKind, RefUpdate, Tag};
use crate::table::{Table, Transaction};
use crate::transaction::Change;

/// Branches and tags: names of snapshots, of which branches move with what is committed to them (spec: Snapshot References).
impl Transaction<'_> {
    /// Creates a branch, of the newest snapshot or another ([`Branch::at`]). It is a name and no copy: no file is touched.
    ///
    /// Fails with [`AlreadyExists`](crate::ErrorKind::AlreadyExists) if there is a branch or tag of this name, with
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is no such snapshot, and with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the table has none at all, or the name is empty or `main`.
    pub fn create_branch(self, branch: impl Into<Branch>) -> Self {
        self.refs(RefUpdate::Create(NewRef::from(branch.into())))
    }

    /// Creates a tag: a name that stays with its snapshot, the newest or another ([`Tag::at`]). To move a tag, drop it and
    /// create it again in one transaction. Fails as [`create_branch`](Self::create_branch) does.
    pub fn create_tag(self, tag: impl Into<Tag>) -> Self {
        self.refs(RefUpdate::Create(NewRef::from(tag.into())))
    }

    /// Drops a branch, but not `main`. Its snapshots stay until they expire.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such branch, and with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is `main`.
    pub fn drop_branch(self, name: impl Into<String>) -> Self {
        self.refs(RefUpdate::Drop(name.into(), RefKind::Branch))
    }

    /// Drops a tag. Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such tag.
    pub fn drop_tag(self, name: impl Into<String>) -> Self {
        self.refs(RefUpdate::Drop(name.into(), RefKind::Tag))
    }

    /// Moves a branch forward to where another branch or a tag is, so that it has the same rows:
    /// `fast_forward("main", "audit")` publishes what was written to `audit`. Nothing happens where it is there already.
    ///
    /// Fails with [`Conflict`](crate::ErrorKind::Conflict) if the branch has a snapshot that the other does not have, also
    /// where another writer has committed it meanwhile; with [`NotFound`](crate::ErrorKind::NotFound) if one of them is not
    /// there, and with [`InvalidInput`](crate::ErrorKind::InvalidInput) if the first is a tag.
    pub fn fast_forward(self, branch: impl Into<String>, to: impl Into<String>) -> Self {
        self.refs(RefUpdate::FastForward { branch: branch.into(), to: to.into() })
    }

    /// Sets the branch that is written to, `main` by default, back to an earlier snapshot of its own. What came after that
    /// is gone from the branch, also what others commit meanwhile: unless isolation is [by
    /// snapshot](crate::Isolation::Snapshot), or [`decided_on`](Self::decided_on) says what the newest snapshot was. Then it
    /// fails with [`Conflict`](crate::ErrorKind::Conflict).
    ///
    /// The later snapshots stay until they expire: a branch [at](Branch::at) one of them has its rows, and `main` may be moved
    /// [forward](Self::fast_forward) to that again.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such snapshot or branch, and with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the snapshot is no ancestor of the branch's newest.
    pub fn rollback_to(self, snapshot_id: i64) -> Self {
        self.refs(RefUpdate::RollBack(snapshot_id))
    }

    /// Appends to the branch that is written to, `main` by default, what a snapshot elsewhere has appended: the same files, as
    /// a snapshot of its own, whose summary names the `source-snapshot-id`. Where the snapshot follows on the branch's newest,
    /// the branch is moved forward to it instead, whatever it did, unless there is an idempotency key.
    ///
    /// Fails with [`AlreadyExists`](crate::ErrorKind::AlreadyExists) if it is in the branch already, itself, picked, by
    /// its idempotency key or by its `wap.id`; with [`NotFound`](crate::ErrorKind::NotFound) if there is no such snapshot or
    /// branch, and with [`InvalidInput`](crate::ErrorKind::InvalidInput) if it did something else than append.
    pub fn cherry_pick(self, snapshot_id: i64) -> Self {
        self.with(Ok(Change::CherryPick(snapshot_id)))
    }

    pub(crate) fn refs(self, update: RefUpdate) -> Self {
        self.with(Ok(Change::Refs(update)))
    }
}

/// Branches and tags. To write to a branch see [`Append::to_branch`](crate::Append::to_branch) and
/// [`Transaction::to_branch`], to read one [`ScanBuilder::at_ref`](crate::scan::ScanBuilder::at_ref), for what there is
/// [`Inspect::refs`](crate::inspect::Inspect::refs).
impl Table {
    /// Creates a branch: `table.create_branch("audit").await?`. See [`Transaction::create_branch`].
    pub fn create_branch<'a>(&self, branch: impl Into<Branch>) -> Transaction<'a> {
        self.transaction().create_branch(branch)
    }

    /// Creates a tag: `table.create_tag(Tag::new("v1").at(snapshot_id)).await?`. See [`Transaction::create_tag`].
    pub fn create_tag<'a>(&self, tag: impl Into<Tag>) -> Transaction<'a> {
        self.transaction().create_tag(tag)
    }

    /// Drops a branch. See [`Transaction::drop_branch`].
    pub fn drop_branch<'a>(&self, name: impl Into<String>) -> Transaction<'a> {
        self.transaction().drop_branch(name)
    }

    /// Drops a tag. See [`Transaction::drop_tag`].
    pub fn drop_tag<'a>(&self, name: impl Into<String>) -> Transaction<'a> {
        self.transaction().drop_tag(name)
    }

    /// Moves a branch forward to where another is: `table.fast_forward("main", "audit").await?`. See
    /// [`Transaction::fast_forward`].
    pub fn fast_forward<'a>(&self, branch: impl Into<String>, to: impl Into<String>) -> Transaction<'a> {
        self.transaction().fast_forward(branch, to)
    }

    /// Sets `main` back to an earlier snapshot. See [`Transaction::rollback_to`].
    pub fn rollback_to<'a>(&self, snapshot_id: i64) -> Transaction<'a> {
        self.transaction().rollback_to(snapshot_id)
    }

    /// Appends to `main` what a snapshot elsewhere has appended. See [`Transaction::cherry_pick`].
    pub fn cherry_pick<'a>(&self, snapshot_id: i64) -> Transaction<'a> {
        self.transaction().cherry_pick(snapshot_id)
    }
}
