//! What people do with the sandbox, in a real browser: the newcomer's path, the teardown, and those who may not.

use genkan::model::Language;

use super::page::Page;
use super::scene::{DESKTOP, PHONE, play};
use super::whole::Whole;

/// The largest picture that the README shows, in bytes.
const PICTURE: usize = 300 * 1024;

/// What the run makes last in the project's account, and what it makes in the platform's.
const BUCKET: &str = "project-x-dev-batch-trigger";

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_follows_the_hints_and_sees_it_done() {
    newcomer("en", DESKTOP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_does_so_in_japanese_on_a_phone() {
    newcomer("ja", PHONE).await;
}

async fn newcomer(language: &str, size: (u32, u32)) {
    let whole = Whole::speaking(Language::of_locale(language)).await;
    play(&whole.endpoint, size, async |page| {
        page.speaks(language).await;
        page.see(".hint[data-step='1']").await;
        page.shot(&format!("newcomer-{language}-1-empty")).await;
        page.click(".hint .button").await;
        assert_eq!(page.typed().await, "/onboard project-x dev");
        page.types(thirtyfour::Key::Enter).await;
        page.reads(".embed-title", "project-x").await;
        page.see(".hint[data-step='2']").await;
        page.see("[data-person='ren'] .badge").await;
        page.shot(&format!("newcomer-{language}-2-card")).await;
        page.click(".hint .button").await;
        page.see("[data-person='ren'][aria-checked='true']").await;
        page.click(".hint[data-step='3'] .button").await;
        page.see("[data-press^='approve:']").await;
        // What is approved is told exactly, and the card is a jump away.
        for part in ["Z0DEV00000000000001", "dev.platform.internal", "vpc-", "111111111101", "222222222201"] {
            page.reads(".message", part).await;
        }
        page.reads(".embed-title", if language == "ja" { "承認依頼" } else { "Approve?" }).await;
        page.shot(&format!("newcomer-{language}-3-approval")).await;
        page.click("[data-press^='approve:']").await;
        page.gone("[data-press^='approve:']").await;
        page.gone(".hint").await;
        page.goes_to("platform").await;
        page.gone("[data-press^='cancel:']").await;
        page.reads(".embed", "vpc-").await;
        if size == PHONE {
            page.shot(&format!("newcomer-{language}-4-done")).await;
            page.click("#drawer-toggle").await;
        }
        page.reads("[data-account='project-dev'] .chip", BUCKET).await;
        // What changed in the platform's own account is seen, too.
        page.reads("[data-account='platform-dev'] .chip", "vpc-").await;
        page.reads("#drawer-toggle", "+").await;
        page.run::<()>("document.querySelector('.message').scrollIntoView({ block: 'start' })", vec![]).await;
        let picture = page.shot(&format!("newcomer-{language}-5-aws")).await;
        if language == "ja" {
            page.holds("return /[ぁ-ん]/.test(document.querySelector('.embed').innerText)").await;
        } else if std::env::var("GENKAN_WRITE_DOCS").is_ok_and(|value| value == "1") {
            assert!(picture.len() <= PICTURE, "docs/sandbox.png has {} bytes", picture.len());
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sandbox.png"), picture).expect("written");
        }
    })
    .await;
}

/// aiko asks, and a lead is called.
async fn asked(page: &Page) {
    page.says("/onboard project-x dev").await;
    page.see("[data-person='ren'] .badge").await;
}

/// ren approves what waits for it.
async fn approved(page: &Page) {
    page.becomes("ren").await;
    page.goes_to("infra-approvals").await;
    page.click("[data-press^='approve:']").await;
    page.gone("[data-press^='approve:']").await;
    page.goes_to("platform").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_let_in_is_shown_out_after_its_name_was_typed() {
    let whole = Whole::start().await;
    play(&whole.endpoint, DESKTOP, async |page| {
        page.reads(".drawer-sum", "No change yet").await;
        asked(page).await;
        approved(page).await;
        page.gone("[data-press^='cancel:']").await;
        page.reads("[data-account='project-dev'] .chip", BUCKET).await;
        page.becomes("aiko").await;
        page.says("/teardown project-x dev").await;
        page.reads(".message.is-ephemeral", BUCKET).await;
        page.shot("teardown-1-preview").await;
        // Another name changes nothing.
        page.click("[data-press^='teardown:']").await;
        page.see("#modal-project").await.send_keys("project-y").await.expect("typed");
        page.click("dialog [type='submit']").await;
        page.gone("dialog").await;
        page.holds("return document.querySelectorAll('.message.is-ephemeral').length === 2").await;
        page.click("[data-press^='teardown:']").await;
        page.see("#modal-project").await.send_keys("project-x").await.expect("typed");
        page.shot("teardown-2-modal").await;
        page.click("dialog [type='submit']").await;
        page.gone("dialog").await;
        page.see("[data-person='ren'] .badge").await;
        approved(page).await;
        page.reads(".drawer-sum", "All is as it was").await;
        page.gone(".chip.is-leaving").await;
        page.gone("[data-press^='cancel:']").await;
        page.shot("teardown-3-done").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_so_and_nothing_happens() {
    let whole = Whole::start().await;
    play(&whole.endpoint, DESKTOP, async |page| {
        page.becomes("stranger").await;
        page.says("/onboard project-x dev").await;
        page.see(".message.is-ephemeral").await;
        page.gone("[data-press^='approve:'], [data-press^='cancel:'], .thinking").await;
        page.becomes("aiko").await;
        asked(page).await;
        page.goes_to("infra-approvals").await;
        // The requester's own click, somebody's without a group, and a stranger's.
        for name in ["aiko", "guest", "stranger"] {
            page.becomes(name).await;
            page.see("[data-press^='approve:']").await;
            page.gone(".message.is-ephemeral").await;
            page.click("[data-press^='approve:']").await;
            page.see(".message.is-ephemeral").await;
            page.see("[data-press^='approve:']:not(:disabled)").await;
            page.shot(&format!("refused-{name}")).await;
        }
        page.becomes("mio").await;
        page.click("[data-press^='approve:']").await;
        page.gone("[data-press^='approve:']").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vpc_that_changes_between_question_and_approval_is_seen_and_asked_anew() {
    let whole = Whole::start().await;
    play(&whole.endpoint, DESKTOP, async |page| {
        asked(page).await;
        page.becomes("ren").await;
        page.goes_to("infra-approvals").await;
        page.see("[data-press^='approve:']").await;
        // The stack is built anew, and writes another VPC's id; what was told more than ten seconds ago is looked at again.
        let platform = &whole.stage.platform;
        let account = &platform.config.account("project-dev").expect("known").id;
        let ssm = aws_sdk_ssm::Client::new(&platform.administrator(account));
        let of = |project: &str| format!("/dev/{project}/vpc-id");
        let other = ssm.get_parameter().name(of("project-y")).send().await.expect("there");
        let other = other.parameter.and_then(|parameter| parameter.value).expect("a value");
        ssm.put_parameter().name(of("project-x")).value(&other).overwrite(true).send().await.expect("written");
        let asked_at = page.run::<u64>("return Date.now()", vec![]).await;
        page.holds(&format!("return Date.now() > {asked_at} + 12000")).await;
        page.click("[data-press^='approve:']").await;
        page.reads(".embed", "Something of this step has changed since.").await;
        page.reads(".embed-title", "Void").await;
        page.reads(".message", &other).await;
        page.shot("changed-vpc").await;
        page.click("[data-press^='approve:']").await;
        page.reads(".embed-title", "Approved").await;
        page.goes_to("platform").await;
        page.reads(".embed", &other).await;
        page.gone("[data-press^='cancel:']").await;
        page.reads("[data-account='platform-dev'] .chip", &other).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_withdrawn_on_the_page() {
    let whole = Whole::start().await;
    play(&whole.endpoint, DESKTOP, async |page| {
        page.says("/onboard project-x production").await;
        page.see("[data-person='ren'] .badge").await;
        page.becomes("ren").await;
        page.goes_to("infra-approvals").await;
        page.click("[data-press^='approve:']").await;
        page.reads(".embed", "Approved so far by ren").await;
        page.click("[data-press^='withdraw:']").await;
        page.reads(".message.is-ephemeral", "is withdrawn").await;
        page.gone("[data-press^='withdraw:']").await;
        page.see("[data-press^='approve:']").await;
        page.shot("withdrawn").await;
    })
    .await;
}
