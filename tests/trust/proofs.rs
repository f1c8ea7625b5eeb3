//! What is proved of the rules, for every request that there can be: cedar-policy-symcc turns them into logic, cvc5 looks for a
//! counterexample. Each rule that forbids, left out, has one, and the real authoriser is asked about it.
//!
//! cvc5 (Debian: `apt-get install cvc5`) is taken from `$CVC5` or the path. Where it is missing nothing is proved, and that is said; with
//! `GENKAN_PROOFS=required` it is an error.

use std::process::{Command, Stdio};

use cedar_policy::{Authorizer, Decision, Effect, Policy as Rule, PolicyId, PolicySet, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use genkan::policy::Policy;

/// What must never be allowed, and the rule that sees to it. Written from what is promised, and not from the rule.
const NEVER: [(&str, &str, &str); 8] = [
    (
        "who asked approves",
        "four-eyes",
        r#"permit (principal, action == Action::"approve", resource) when { context.requester == principal };"#,
    ),
    (
        "who asked is counted among the approvers",
        "four-eyes-at-start",
        r#"permit (principal, action == Action::"start", resource) when { [principal].containsAny(context.approvers) };"#,
    ),
    (
        "an approval of something else than what is there now",
        "same-digest",
        r#"permit (principal, action == Action::"approve", resource) unless { context.digest == context.shown };"#,
    ),
    (
        "a step begins that is something else than what was approved",
        "same-digest",
        r#"permit (principal, action == Action::"start", resource) unless { context.digest == context.shown };"#,
    ),
    (
        "a gate opens with fewer approvals than it asks for",
        "enough-approvals",
        r#"permit (principal, action == Action::"start", resource) unless { context.approvals >= context.needed };"#,
    ),
    (
        "in production another account is changed, or data destroyed, with fewer than two approvers",
        "production-two",
        r#"permit (principal, action == Action::"start", resource) when {
             resource.environment.production && (context.gated || resource.risk == "other-account" || resource.risk == "destroys-data") &&
             [0, 1].contains(context.approvals)
           };"#,
    ),
    (
        "data is destroyed with fewer than two approvers",
        "destroy-two",
        r#"permit (principal, action == Action::"start", resource) when {
             resource.risk == "destroys-data" && (context.approvals == 1 || context.approvals <= 0)
           };"#,
    ),
    (
        "something is asked for, approved or begun while it is frozen",
        "freeze",
        r#"permit (principal, action, resource)
           when { resource.environment.frozen }
           unless { [Action::"read", Action::"reject", Action::"cancel", Action::"withdraw"].contains(action) };"#,
    ),
];

/// The rules as the program has them, and the solver.
struct Proof {
    schema: Schema,
    rules: PolicySet,
    solver: CedarSymCompiler<LocalSolver>,
}

impl Proof {
    /// None where there is no solver, which is then said.
    fn begins() -> Option<Self> {
        let solver = std::env::var("CVC5").unwrap_or_else(|_| "cvc5".to_owned());
        let version = Command::new(&solver).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !version.is_ok_and(|status| status.success()) {
            let required = std::env::var("GENKAN_PROOFS").is_ok_and(|proofs| proofs == "required");
            assert!(
                !required,
                "GENKAN_PROOFS=required, and `{solver}` cannot be run: install cvc5, or name it in CVC5"
            );
            eprintln!("NOT PROVED: `{solver}` cannot be run; install cvc5, or name it in CVC5");
            return None;
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/authz");
        let read = |path: &std::path::Path| std::fs::read_to_string(path).expect("a file that can be read");
        let schema = read(&std::path::Path::new(folder).join("schema.cedarschema"));
        let (schema, _) = Schema::from_cedarschema_str(&schema).expect("a schema");
        let mut rules = PolicySet::new();
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|end| end == "cedar") {
                let rule = Rule::parse(None, read(&path)).expect("one rule");
                let id = PolicyId::new(rule.annotation("id").expect("its name"));
                rules.add(rule.new_id(id)).expect("a name of its own");
            }
        }
        assert_eq!(ids(&rules), Policy::built_in().ids(), "what is proved is what is built in");
        let solver = CedarSymCompiler::new(LocalSolver::cvc5().expect("a solver")).expect("a compiler");
        Some(Self { schema, rules, solver })
    }

    /// A request that both sets of rules allow.
    async fn common(&mut self, one: &PolicySet, other: &PolicySet) -> Option<Env> {
        for environment in self.schema.request_envs() {
            let one = CompiledPolicySet::compile(one, &environment, &self.schema).expect("compiled");
            let other = CompiledPolicySet::compile(other, &environment, &self.schema).expect("compiled");
            let found = self.solver.check_disjoint_with_counterexample_opt(&one, &other).await.expect("an answer");
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn without(&self, id: &str) -> PolicySet {
        let mut rules = self.rules.clone();
        rules.remove_static(PolicyId::new(id)).unwrap_or_else(|_| panic!("there is no rule {id}"));
        rules
    }

    /// The rules that forbid, and one that permits everything: the most that an operator's own rules can permit.
    fn with_everything_permitted(&self) -> PolicySet {
        let mut rules = set("permit (principal, action, resource);");
        for rule in self.rules.policies().filter(|rule| rule.effect() == Effect::Forbid) {
            rules.add(rule.clone()).expect("a name of its own");
        }
        rules
    }
}

fn set(text: &str) -> PolicySet {
    let mut rules = PolicySet::new();
    rules.add(Rule::parse(Some(PolicyId::new("the property")), text).expect("one rule")).expect("the first");
    rules
}

fn ids(rules: &PolicySet) -> Vec<String> {
    let mut ids: Vec<String> = rules.policies().map(|rule| rule.id().to_string()).collect();
    ids.sort();
    ids
}

/// What the real authoriser says.
fn decided(rules: &PolicySet, about: &Env) -> Decision {
    let answer = Authorizer::new().is_authorized(&about.request, rules, &about.entities);
    assert_eq!(answer.diagnostics().errors().count(), 0, "{:?}", answer.diagnostics());
    answer.decision()
}

/// No rules that an operator adds with `permit` can allow it: with everything permitted it is still forbidden.
#[tokio::test]
async fn what_must_never_be_is_never_allowed_whatever_else_is_permitted() {
    let Some(mut proof) = Proof::begins() else { return };
    let everything = proof.with_everything_permitted();
    for (what, _, never) in NEVER {
        let found = proof.common(&everything, &set(never)).await;
        assert!(found.is_none(), "{what}: {found:?}");
        let found = proof.common(&proof.rules.clone(), &set(never)).await;
        assert!(found.is_none(), "{what}: {found:?}");
    }
}

/// So a proof can fail, and each rule is needed: without it the solver finds what it forbids, and so does the real authoriser.
#[tokio::test]
async fn each_rule_that_forbids_is_needed() {
    let Some(mut proof) = Proof::begins() else { return };
    for (what, rule, never) in NEVER {
        let without = proof.without(rule);
        let found = proof.common(&without, &set(never)).await;
        let found = found.unwrap_or_else(|| panic!("without {rule} it is still impossible that {what}"));
        assert_eq!(decided(&without, &found), Decision::Allow, "without {rule}: {what}: {found:?}");
        assert_eq!(decided(&proof.rules, &found), Decision::Deny, "with {rule}: {what}: {found:?}");
    }
    let forbidding = proof.rules.policies().filter(|rule| rule.effect() == Effect::Forbid);
    for rule in forbidding {
        let named = NEVER.iter().any(|(_, id, _)| *id == rule.id().to_string());
        assert!(named, "{} forbids, and nothing is proved of it", rule.id());
    }
}

/// Each rule that permits lets something happen that nothing else permits.
#[tokio::test]
async fn each_rule_that_permits_is_needed() {
    let Some(mut proof) = Proof::begins() else { return };
    let permitting: Vec<String> = proof
        .rules
        .policies()
        .filter(|rule| rule.effect() == Effect::Permit)
        .map(|rule| rule.id().to_string())
        .collect();
    assert_eq!(permitting.len(), 10, "one for each action");
    for rule in permitting {
        let without = proof.without(&rule);
        let mut found = None;
        for environment in proof.schema.request_envs() {
            let all = CompiledPolicySet::compile(&proof.rules, &environment, &proof.schema).expect("compiled");
            let rest = CompiledPolicySet::compile(&without, &environment, &proof.schema).expect("compiled");
            let more = proof.solver.check_implies_with_counterexample_opt(&all, &rest).await.expect("an answer");
            found = found.or(more);
        }
        let found = found.unwrap_or_else(|| panic!("{rule} permits nothing that the others do not"));
        assert_eq!(decided(&proof.rules, &found), Decision::Allow, "{rule}: {found:?}");
        assert_eq!(decided(&without, &found), Decision::Deny, "{rule}: {found:?}");
    }
}

/// A rule that cannot be decided would count for nothing.
#[tokio::test]
async fn no_rule_can_err() {
    let Some(mut proof) = Proof::begins() else { return };
    let mut asked = 0;
    for rule in proof.rules.policies() {
        for environment in proof.schema.request_envs() {
            let compiled = CompiledPolicy::compile(rule, &environment, &proof.schema).expect("compiled");
            let never_errs = proof.solver.check_never_errors_opt(&compiled).await.expect("an answer");
            assert!(never_errs, "{} can err in {environment:?}", rule.id());
            asked += 1;
        }
    }
    assert_eq!(asked, 17 * 10, "every rule, for every action");
    // The question can be answered with no.
    let sum =
        r#"permit (principal, action == Action::"start", resource) when { context.approvals + 1 > context.needed };"#;
    let sum = Rule::parse(None, sum).expect("a rule");
    let mut errs = false;
    for environment in proof.schema.request_envs() {
        let compiled = CompiledPolicy::compile(&sum, &environment, &proof.schema).expect("compiled");
        errs |= !proof.solver.check_never_errors_opt(&compiled).await.expect("an answer");
    }
    assert!(errs, "a sum can be too large");
}
