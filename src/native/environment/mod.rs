//! A bucket and its credentials from the environment.

mod constructors;
mod settings;
#[cfg(test)]
mod tests;
