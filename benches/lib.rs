//! Benches: micro benches by subject; `turns/` scores turn-taking on real audio (`make bench-turns`);
//! measured runs lie in `runs/`.
