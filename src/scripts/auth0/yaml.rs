//! JSON as YAML in block style, for people who keep their tenant in one `tenant.yaml`. Scalars are written as JSON
//! writes them, which YAML reads alike, so nothing needs a rule of its own.

use serde_json::Value;
use std::fmt::Write as _;

/// The document.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

fn block(out: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                write!(out, "{indent}{name}:").ok();
                below(out, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                // The item's first line goes behind the dash, at the depth of the others.
                let mut text = String::new();
                block(&mut text, item, depth.saturating_add(1));
                write!(out, "{indent}- {}", text.trim_start()).ok();
            }
        }
        scalar => {
            writeln!(out, "{indent}{scalar}").ok();
        }
    }
}

fn below(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            block(out, value, depth.saturating_add(1));
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(out, value, depth.saturating_add(1));
        }
        scalar => {
            writeln!(out, " {scalar}").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_objects_and_lists_are_indented() {
        let value = json!({ "a": [{ "b": "x: \"y\"", "c": { "d": [] } }, 1], "e": {}, "f": null, "g": true });
        let text = "a:\n  - b: \"x: \\\"y\\\"\"\n    c:\n      d: []\n  - 1\ne: {}\nf: null\ng: true\n";
        assert_eq!(document(&value), text);
    }
}
