//! As little power as a step needs: what each AssumeRole carries, that no permission is missing, and that none is too many.

mod carried;
mod chapters;
mod removal;
mod trust;
