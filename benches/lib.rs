//! Benches: micro benches by subject; measured runs lie in `runs/`.
