//! The peers' packages: installed from their lock files into a folder outside the checkout, and used again from there.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Peer;
use crate::{
    authority::Authority,
    environment::Program,
    fault::{Explain, Fault},
};

/// Where Lambda's managed runtimes start Node's heap, at 256 MB of memory: 5 and 90 hundredths of it.
const HEAP: [&str; 3] = ["--expose-gc", "--max-semi-space-size=12", "--max-old-space-size=230"];
/// The oldest Node and Python that the peers are for.
const NODE: (u32, u32) = (20, 0);
const PYTHON: (u32, u32) = (3, 11);

/// The folder that packages are installed in.
pub(super) struct Packages {
    folder: PathBuf,
    sources: PathBuf,
}

impl Packages {
    /// In `folder`, or in the user's cache folder.
    pub(super) fn new(folder: Option<PathBuf>) -> Result<Self, Fault> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        let folder = folder.or_else(|| Some(cache()?.join("work-orders-peers")));
        let folder = folder.ok_or_else(|| Fault::new("there is no cache folder; name one with --packages"))?;
        std::fs::create_dir_all(&folder).explain(folder.display())?;
        let folder = folder.canonicalize().explain(folder.display())?;
        Ok(Self { folder, sources: Path::new(env!("CARGO_MANIFEST_DIR")).join("peers") })
    }

    /// Those of the peers that this machine can run; of each other one a sentence is written.
    pub(super) fn peers(&self, authority: &Authority, logs: &Path) -> Result<Vec<Peer>, Fault> {
        let mut peers = Vec::new();
        match node() {
            Ok(version) => peers.push(Peer::new(format!("Node {version}"), self.node(&version, authority)?, logs)?),
            Err(why) => eprintln!("Node is left out: {why}."),
        }
        match python() {
            Ok((executable, version)) => {
                let program = self.python(&executable, &version, authority)?;
                peers.push(Peer::new(format!("Python {version}"), program, logs)?);
            }
            Err(why) => eprintln!("Python is left out: {why}."),
        }
        Ok(peers)
    }

    fn node(&self, version: &str, authority: &Authority) -> Result<Program, Fault> {
        let (from, to) = (self.sources.join("node"), self.folder.join("node"));
        let manifests = ["package.json", "package-lock.json", ".npmrc"];
        self.install(&from, &to, &manifests, version, |to| {
            step(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(to))
        })?;
        copy(&from, &to, &["runtime.mjs", "src/index.mjs", "src/order.mjs", "src/store.mjs"])?;
        step(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&to))?;
        let bundle = to.join("dist");
        let arguments = HEAP.map(OsString::from).into_iter();
        let arguments = arguments.chain([to.join("runtime.mjs").into(), bundle.join("index.mjs").into()]);
        Ok(Program {
            file: "node".into(),
            arguments: arguments.collect(),
            // Node has its certificates in its binary, as many as the bundle of this run.
            variables: variables(authority, &bundle, "nodejs20.x", "NODE_EXTRA_CA_CERTS", &authority.own),
            package: bundle,
        })
    }

    fn python(&self, executable: &Path, version: &str, authority: &Authority) -> Result<Program, Fault> {
        let (from, to) = (self.sources.join("python"), self.folder.join("python"));
        let (task, runtime) = (to.join("task"), to.join("runtime"));
        let manifests = ["requirements.txt", "runtime-requirements.txt"];
        self.install(&from, &to, &manifests, version, |to| {
            for (folder, requirements) in [(&task, manifests[0]), (&runtime, manifests[1])] {
                let options = ["--quiet", "--disable-pip-version-check", "--no-warn-conflicts", "--only-binary=:all:"];
                let mut pip = Command::new(executable);
                pip.args(["-m", "pip", "install"]).args(options).env("PIP_ROOT_USER_ACTION", "ignore");
                step(pip.arg("--target").arg(folder).arg("-r").arg(requirements).current_dir(to))?;
            }
            Ok(())
        })?;
        copy(&from, &task, &["handler.py", "order.py", "store.py"])?;
        // pip has compiled the packages; Lambda's folder cannot be written to, so the rest is compiled here too.
        step(Command::new(executable).args(["-m", "compileall", "-q", "-f", "."]).current_dir(&task))?;
        let path = std::env::join_paths([&task, &runtime]).explain("a folder's name")?;
        let mut variables = variables(authority, &task, "python3.11", "AWS_CA_BUNDLE", &authority.bundle);
        variables.push(("PYTHONPATH", path));
        Ok(Program {
            file: executable.to_owned(),
            arguments: ["-m", "awslambdaric", "handler.handler"].map(OsString::from).to_vec(),
            variables,
            package: task,
        })
    }

    /// Runs `install` in an empty folder with the `manifests` in it, unless it was done with the same before.
    fn install(
        &self,
        from: &Path,
        to: &Path,
        manifests: &[&str],
        version: &str,
        install: impl FnOnce(&Path) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut stamp = version.to_owned();
        for manifest in manifests {
            let file = from.join(manifest);
            stamp.push_str(&std::fs::read_to_string(&file).explain(file.display())?);
        }
        let done = to.join("installed");
        if std::fs::read_to_string(&done).is_ok_and(|before| before == stamp) {
            return Ok(());
        }
        eprintln!("Installing packages in {}.", to.strip_prefix(&self.folder).unwrap_or(to).display());
        if to.exists() {
            std::fs::remove_dir_all(to).explain(to.display())?;
        }
        copy(from, to, manifests)?;
        install(to)?;
        std::fs::write(&done, stamp).explain(done.display())
    }
}

/// What Lambda sets for a managed runtime, and where the certificates of this run are.
fn variables(
    authority: &Authority,
    task: &Path,
    runtime: &str,
    certificates: &'static str,
    file: &Path,
) -> Vec<(&'static str, OsString)> {
    // No settings of the user who runs this.
    let none = authority.own.with_file_name("none");
    vec![
        ("AWS_DEFAULT_REGION", "us-east-1".into()),
        ("AWS_CONFIG_FILE", none.clone().into()),
        ("AWS_SHARED_CREDENTIALS_FILE", none.into()),
        ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{runtime}").into()),
        ("LAMBDA_TASK_ROOT", task.into()),
        ("LANG", "en_US.UTF-8".into()),
        ("TZ", ":UTC".into()),
        (certificates, file.into()),
    ]
}

fn copy(from: &Path, to: &Path, names: &[&str]) -> Result<(), Fault> {
    for name in names {
        let target = to.join(name);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).explain(folder.display())?;
        }
        std::fs::copy(from.join(name), &target).explain(target.display())?;
    }
    Ok(())
}

/// Runs a step of an installation.
fn step(command: &mut Command) -> Result<(), Fault> {
    let output = command.stdin(Stdio::null()).output().explain(command.get_program().display())?;
    if output.status.success() {
        return Ok(());
    }
    let (program, text) = (command.get_program().display().to_string(), String::from_utf8_lossy(&output.stderr));
    Err(Fault::new(format!("a peer's packages cannot be installed: {program} ended with\n{text}")))
}

/// The version of `node`, where npm is there too.
fn node() -> Result<String, String> {
    let version = said("node", &["--version"]).ok_or("there is no node")?;
    let version = version.trim_start_matches('v').to_owned();
    said("npm", &["--version"]).ok_or("there is no npm")?;
    recent(&version, NODE).then_some(version).ok_or_else(|| format!("it must be version {} or later", NODE.0))
}

/// The file and the version of Python, where pip is there too. The file: a launcher would be measured with it.
fn python() -> Result<(PathBuf, String), String> {
    const WHICH: &str = "import platform, sys; print(sys.executable, platform.python_version())";
    let found = ["python3.11", "python3"].into_iter().find_map(|name| said(name, &["-c", WHICH]));
    let found = found.ok_or("there is no python3")?;
    let (executable, version) = found.rsplit_once(' ').ok_or("it does not say where it is")?;
    if !recent(version, PYTHON) {
        return Err(format!("it must be version {}.{} or later", PYTHON.0, PYTHON.1));
    }
    said(executable, &["-m", "pip", "--version"]).ok_or("it has no pip")?;
    Ok((executable.into(), version.to_owned()))
}

/// What a program writes, if it is there and does not fail.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn recent(version: &str, oldest: (u32, u32)) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse().ok());
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= oldest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, oldest, expected) in [
            ("20.20.2", NODE, true),
            ("18.19.0", NODE, false),
            ("3.11.7", PYTHON, true),
            ("3.9.2", PYTHON, false),
            ("3.14.0rc1", PYTHON, true),
            ("", PYTHON, false),
        ] {
            assert_eq!(recent(version, oldest), expected, "{version}");
        }
    }

    #[test]
    fn packages_are_installed_again_only_when_they_change() {
        let sources = tempfile::tempdir().unwrap();
        let packages = tempfile::tempdir().unwrap();
        let packages = Packages::new(Some(packages.path().join("new"))).unwrap();
        let to = packages.folder.join("a-peer");
        let mut times = 0;
        for (manifest, version) in [("one", "1"), ("one", "1"), ("two", "1"), ("two", "2")] {
            std::fs::write(sources.path().join("manifest"), manifest).unwrap();
            packages
                .install(sources.path(), &to, &["manifest"], version, |to| {
                    times += 1;
                    assert_eq!(std::fs::read_to_string(to.join("manifest")).unwrap(), manifest);
                    assert!(!to.join("left").exists());
                    std::fs::write(to.join("left"), "").explain("left")
                })
                .unwrap();
        }
        assert_eq!(times, 3);
    }
}
