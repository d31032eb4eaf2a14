//! The web console, built by Vite and embedded in the binary.
//!
//! The room is empty so far: the terminal shows a call while it runs, and a report and a picture
//! after it. It will hold pages and no business logic.
