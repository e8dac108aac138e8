use std::pin::Pin;

#[cfg(not(target_family = "wasm"))]
mod target {
    use super::*;

    /// `Send` natively; nothing on wasm32, where JavaScript values cannot leave their thread.
    pub trait MaybeSend: Send {}
    impl<T: ?Sized + Send> MaybeSend for T {}

    /// `Sync` natively; nothing on wasm32.
    pub trait MaybeSync: Sync {}
    impl<T: ?Sized + Sync> MaybeSync for T {}

    /// A boxed future, `Send` natively. Dropping it stops what it does.
    pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

    /// A boxed stream, `Send` natively. Dropping it stops what it does.
    pub type BoxStream<'a, T> = Pin<Box<dyn futures::Stream<Item = T> + Send + 'a>>;
}

#[cfg(target_family = "wasm")]
mod target {
    use super::*;

    /// `Send` natively; nothing on wasm32, where JavaScript values cannot leave their thread.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}

    /// `Sync` natively; nothing on wasm32.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}

    /// A boxed future, `Send` natively. Dropping it stops what it does.
    pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

    /// A boxed stream, `Send` natively. Dropping it stops what it does.
    pub type BoxStream<'a, T> = Pin<Box<dyn futures::Stream<Item = T> + 'a>>;
}

pub use target::*;
