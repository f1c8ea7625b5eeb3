//! What differs between what a resource should be and what it is: field by field, since both have one shape.

use serde_json::Value;

use crate::model::Spec;
use crate::model::plan::Change;

/// The fields in which `observed` is not as `desired`. A field that `desired` leaves out is not managed, so it never differs.
pub fn changes(desired: &Spec, observed: &Spec) -> Vec<Change> {
    let (desired, observed) = (fields(desired), fields(observed));
    desired
        .into_iter()
        .filter_map(|(field, to)| {
            let from = observed.get(&field).cloned().unwrap_or(Value::Null);
            (from != to).then_some(Change { field, from, to })
        })
        .collect()
}

fn fields(spec: &Spec) -> serde_json::Map<String, Value> {
    match serde_json::to_value(spec) {
        Ok(Value::Object(fields)) => fields,
        _ => unreachable!("a spec is written as a JSON object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resource::{EcrRepository, TagMutability};

    fn repository(mutability: TagMutability, lifecycle: Option<&str>) -> Spec {
        Spec::EcrRepository(EcrRepository {
            name: "project-x-dev-algorithm".to_owned(),
            tag_mutability: mutability,
            scan_on_push: true,
            lifecycle_policy: lifecycle.map(str::to_owned),
        })
    }

    #[test]
    fn nothing_differs_from_itself() {
        let spec = repository(TagMutability::Immutable, Some("{}"));
        assert_eq!(changes(&spec, &spec), []);
    }

    #[test]
    fn a_field_that_differs_is_named_with_both_values() {
        let found = changes(&repository(TagMutability::Immutable, None), &repository(TagMutability::Mutable, None));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].field.as_str(), &found[0].from, &found[0].to),
            ("tag_mutability", &Value::from("MUTABLE"), &Value::from("IMMUTABLE"))
        );
    }

    #[test]
    fn what_is_not_managed_never_differs() {
        let found = changes(&repository(TagMutability::Mutable, None), &repository(TagMutability::Mutable, Some("{}")));
        assert_eq!(found, []);
    }
}
