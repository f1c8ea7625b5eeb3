//! The sandbox's page in a real browser. Where no Chromium is found these tests say so and pass; with
//! `GENKAN_BROWSER_TESTS=required` they fail.

mod bot;
mod composer;
mod driver;
mod messages;
mod page;
mod scene;
mod stories;
mod surroundings;
mod whole;
