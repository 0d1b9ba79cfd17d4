//! Which module imports which: the arrows that `shared/README.md` allows, and no circle of files in any of these crates.
//!
//! A file points to another where a path in it, outside of its unit tests, leads to an item of the other's module.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::visit::{self, Visit};

/// Sources without circles, from the root of the checkout.
const WITHOUT_CIRCLES: [&str; 5] =
    ["shared/src", "infra/local/src", "infra/local/sqs/src", "infra/ops/src", "infra/example_provisioner/src"];

type Module = Vec<String>;

/// Which files of a crate point to which, each by its module; the crate's root is the empty one.
type Arrows = BTreeMap<Module, BTreeSet<Module>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files under `source` by their modules. Files of unit tests are left out.
fn files(source: &Path) -> BTreeMap<Module, PathBuf> {
    let mut files = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(source).unwrap().with_extension("");
            let mut module: Module = name.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if module.last().is_some_and(|last| ["lib", "mod"].contains(&last.as_str())) {
                module.pop();
            }
            let is_test = module.last().is_some_and(|last| last == "tests");
            if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
                files.insert(module, path);
            }
        }
    }
    files
}

struct Paths<'a> {
    files: &'a BTreeMap<Module, PathBuf>,
    module: &'a Module,
    found: BTreeSet<Module>,
}

impl Paths<'_> {
    /// Adds the file that the path leads to, if it is one of this crate.
    fn add(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        let mut absolute = if first == "crate" { Module::new() } else { self.module.clone() };
        for part in path {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => {
                    absolute.pop();
                }
                name => absolute.push(name.to_owned()),
            }
        }
        while !self.files.contains_key(&absolute) {
            if absolute.pop().is_none() {
                return;
            }
        }
        // A path that begins with a name leads into a child, or out of this crate.
        let is_rooted = ["crate", "self", "super"].contains(&first.as_str());
        let is_child = absolute.len() > self.module.len() && absolute.starts_with(self.module);
        if absolute != *self.module && (is_rooted || is_child) {
            self.found.insert(absolute);
        }
    }

    fn use_tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let longer = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&longer(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(&longer(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&longer(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(prefix),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(prefix, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&parts);
        visit::visit_path(self, path);
    }

    // `pub(super)` leads nowhere.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
        };
        if !item.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, item);
        }
    }
}

fn arrows(source: &Path) -> Arrows {
    let files = files(source);
    assert!(!files.is_empty(), "{} has no files", source.display());
    let of = |(module, path): (&Module, &PathBuf)| {
        let text = fs::read_to_string(path).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut paths = Paths { files: &files, module, found: BTreeSet::new() };
        paths.visit_file(&parsed);
        (module.clone(), paths.found)
    };
    files.iter().map(of).collect()
}

/// All modules that `from` leads to.
fn reachable(arrows: &Arrows, from: &Module) -> BTreeSet<Module> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&Module> = arrows[from].iter().collect();
    while let Some(module) = next.pop() {
        if seen.insert(module.clone()) {
            next.extend(&arrows[module]);
        }
    }
    seen
}

/// The circles: groups of files each of which leads to every other.
fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<Module>> =
        arrows.keys().map(|module| (module, reachable(arrows, module))).collect();
    let in_circle = arrows.keys().filter(|module| reach[module].contains(*module));
    let circle_of =
        |module: &Module| reach[module].iter().filter(|other| reach[other].contains(module)).cloned().collect();
    in_circle.map(circle_of).collect()
}

fn shown(module: &Module) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut all = Vec::new();
    for source in WITHOUT_CIRCLES {
        let circles = circles(&arrows(&root().join(source)));
        let shown: Vec<Vec<String>> = circles.iter().map(|circle| circle.iter().map(shown).collect()).collect();
        all.extend(shown.into_iter().map(|circle| format!("{source}: {}", circle.join(", "))));
    }
    assert!(all.is_empty(), "circles:\n{}", all.join("\n"));
}

/// The rows of the table in `shared/README.md`: a module, and those that it may import.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("shared/README.md")).unwrap();
    let quoted = |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [module, _, may_import] = cells[..] else { return None };
        Some((quoted(module).pop_first()?, quoted(may_import)))
    });
    rows.collect()
}

#[test]
fn modules_import_only_what_the_readme_allows() {
    let arrows = arrows(&root().join("shared/src"));
    let allowed = allowed();
    let modules: BTreeSet<String> = arrows.keys().filter_map(|module| module.first().cloned()).collect();
    assert_eq!(modules, allowed.keys().cloned().collect(), "the modules, and the rows of the README's table");
    let mut seen = BTreeSet::new();
    for (from, to) in &arrows {
        let Some(module) = from.first() else { continue };
        for other in to {
            let imported = other.first().unwrap_or_else(|| panic!("{} imports from the root", shown(from)));
            if imported != module {
                let message =
                    format!("{} imports {}, which shared/README.md does not allow", shown(from), shown(other));
                assert!(allowed[module].contains(imported), "{message}");
                seen.insert((module.clone(), imported.clone()));
            }
        }
    }
    let unused = allowed.iter().flat_map(|(module, may)| may.iter().map(move |other| (module.clone(), other.clone())));
    let unused: Vec<_> = unused.filter(|arrow| !seen.contains(arrow)).collect();
    assert!(unused.is_empty(), "shared/README.md allows what nothing needs: {unused:?}");
}

#[test]
fn a_circle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let to = |names: &[&str]| names.iter().map(|name| module(name)).collect::<BTreeSet<_>>();
    let arrows: Arrows =
        [(module("a"), to(&["b"])), (module("b"), to(&["c"])), (module("c"), to(&["b"])), (module("d"), to(&[]))]
            .into();
    assert_eq!(circles(&arrows), BTreeSet::from([to(&["b", "c"])]));
}
