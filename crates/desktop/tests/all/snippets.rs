//! Every snippet is pasted and run, where its tools are there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use desktop::view::CopyTarget;
use scripted_model::Script;

use crate::app::{App, TOKEN};

/// How a snippet is run: the program, and what it makes of the text.
struct Run {
    id: &'static str,
    program: PathBuf,
    /// The name of the file that holds the text.
    file: &'static str,
    /// Where the file must lie for the program to find its packages; a folder of the test's own if `None`.
    folder: Option<PathBuf>,
    adapt: fn(String) -> String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn runs() -> Vec<Run> {
    let python = root().join(".venv/bin/python");
    let node = PathBuf::from("node");
    let packages = Some(root().join("tests/node"));
    let same = |text| text;
    // What only a notebook understands is left out.
    let cells = |text: String| text.replace("%pip install --quiet openai\n", "");
    vec![
        Run { id: "python", program: python.clone(), file: "say.py", folder: None, adapt: same },
        Run { id: "notebook", program: python.clone(), file: "say.py", folder: None, adapt: cells },
        Run { id: "langchain", program: python.clone(), file: "say.py", folder: None, adapt: same },
        Run {
            id: "environment",
            program: "sh".into(),
            file: "say.sh",
            folder: None,
            adapt: |text| {
                let say = "from openai import OpenAI; print(OpenAI().chat.completions.create(model=\"gpt-5.5\", \
                           messages=[{\"role\": \"user\", \"content\": \"Say pong\"}]).choices[0].message.content)";
                format!("{text}\n\"$PYTHON\" -c '{say}'\n")
            },
        },
        Run { id: "curl", program: "sh".into(), file: "say.sh", folder: None, adapt: same },
        Run { id: "node", program: node.clone(), file: "say.mjs", folder: packages.clone(), adapt: same },
        Run { id: "ai-sdk", program: node, file: "say.mjs", folder: packages, adapt: same },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_runs_as_it_is() {
    let app = App::ready().await;
    app.model.set_default(Script::text("pong"));
    for run in runs() {
        let target = CopyTarget::Snippet { id: run.id.to_owned() };
        let text = app.desktop.text_to_copy(&target).unwrap();
        assert!(text.contains(TOKEN), "{text}");
        let output = tokio::task::block_in_place(|| execute(&run, text));
        assert!(output.contains("pong"), "{}: {output}", run.id);
    }
    app.close().await;
}

/// What the program prints.
fn execute(run: &Run, text: String) -> String {
    let folder = match &run.folder {
        Some(folder) => tempfile::Builder::new().prefix("snippet-").tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.unwrap();
    let file = folder.path().join(run.file);
    fs::write(&file, (run.adapt)(text)).unwrap();
    let mut command = Command::new(&run.program);
    // A proxy is for the internet.
    command.arg(&file).env("NO_PROXY", "127.0.0.1").env("PYTHON", root().join(".venv/bin/python"));
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", run.program.display()));
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    format!("{out}{err}")
}

#[tokio::test(flavor = "multi_thread")]
async fn snippets_are_shown_with_a_mask_and_what_must_be_known() {
    let app = App::ready().await;
    let snippets = app.desktop.snippets();
    let base_url = &app.state().base_url;
    for snippet in &snippets {
        assert!(!snippet.text.contains(TOKEN) && snippet.text.contains(base_url), "{snippet:?}");
        assert!(snippet.text.contains("••••••DEFG"), "{snippet:?}");
    }
    let elsewhere = snippets.iter().find(|snippet| snippet.id == "elsewhere").unwrap();
    assert!(elsewhere.note.as_ref().unwrap().contains("Only programs on this machine"));
    let none = CopyTarget::Snippet { id: "none".to_owned() };
    assert!(app.desktop.text_to_copy(&none).is_err());
    app.close().await;
}
