//! Functions of at most 70 lines, files of at most 800.

use syn::visit::{self, Visit};

use super::{Complaint, Repository};

const MAX_FUNCTION_LINES: usize = 70;
const MAX_FILE_LINES: usize = 800;

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let files = repository.iter().filter(|(path, _)| path.ends_with(".rs") || path.ends_with(".py"));
    let mut complaints: Vec<_> = files.filter_map(|(path, text)| long_file(path, text)).collect();
    for (path, text) in repository.sources() {
        complaints.extend(long_functions(path, text));
    }
    complaints
}

fn long_file(path: &str, text: &str) -> Option<Complaint> {
    let lines = text.lines().count();
    let advice = || format!("{lines} lines are more than {MAX_FILE_LINES}: cut it along its nouns");
    (lines > MAX_FILE_LINES).then(|| Complaint::new(path, advice()))
}

fn long_functions(path: &str, text: &str) -> Vec<Complaint> {
    let file = match syn::parse_file(text) {
        Ok(file) => file,
        Err(error) => return vec![Complaint::new(path, format!("does not parse as Rust: {error}"))],
    };
    let mut finder = LongFunctions { path, found: Vec::new() };
    finder.visit_file(&file);
    finder.found
}

struct LongFunctions<'p> {
    path: &'p str,
    found: Vec<Complaint>,
}

impl LongFunctions<'_> {
    /// From the line of `fn` to the closing brace, both counted.
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let lines = body.brace_token.span.close().end().line - first + 1;
        if lines > MAX_FUNCTION_LINES {
            let name = &signature.ident;
            self.found.push(Complaint::new(
                format!("{}:{first}", self.path),
                format!("`{name}` has {lines} lines, more than {MAX_FUNCTION_LINES}: name its parts"),
            ));
        }
    }
}

impl<'ast> Visit<'ast> for LongFunctions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::Repository;

    fn complaints(text: &str) -> usize {
        check(&Repository::of(&[("src/a.rs", text)])).len()
    }

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    let _ = 1;\n".repeat(lines - 2))
    }

    #[test]
    fn seventy_lines_are_fine_and_one_more_is_not() {
        assert_eq!(complaints(&function_of(70)), 0);
        assert_eq!(complaints(&function_of(71)), 1);
    }

    #[test]
    fn functions_are_found_wherever_they_stand() {
        let long = function_of(71);
        assert_eq!(complaints(&format!("impl A {{ {long} }}")), 1);
        assert_eq!(complaints(&format!("trait A {{ {long} }}")), 1);
        assert_eq!(complaints(&format!("mod tests {{ fn outer() {{ {long} }} }}")), 2);
    }

    #[test]
    fn a_long_file_is_told() {
        assert_eq!(complaints(&"// reason\n".repeat(800)), 0);
        assert_eq!(complaints(&"// reason\n".repeat(801)), 1);
    }

    #[test]
    fn what_does_not_parse_is_told() {
        assert_eq!(complaints("fn {"), 1);
    }
}
