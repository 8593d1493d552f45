//! How programs are told of the gateway: the lines to paste, for each kind of program.

/// What a program needs to know.
#[derive(Clone)]
pub struct Access {
    /// Such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// As it shall stand in the text: the local token, or a mask of it.
    pub token: String,
    /// The model that the lines ask.
    pub model: String,
}

/// A kind of program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Python,
    Curl,
    Environment,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Access {
    /// The two lines that make a client in Python, whose string literals JSON's are, as far as these go.
    pub fn python_client(&self) -> String {
        let [base_url, token] =
            [&self.base_url, &self.token].map(|text| serde_json::Value::from(text.as_str()));
        format!("from openai import OpenAI\nclient = OpenAI(base_url={base_url}, api_key={token})")
    }
}

impl Program {
    pub const ALL: &[Self] = &[Self::Python, Self::Curl, Self::Environment];

    pub fn id(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Curl => "curl",
            Self::Environment => "environment",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Curl => "curl",
            Self::Environment => "Environment",
        }
    }

    pub fn language(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Curl | Self::Environment => "shell",
        }
    }

    pub fn note(self) -> Option<&'static str> {
        None
    }

    pub fn text(self, access: &Access) -> String {
        match self {
            Self::Python => access.python_client(),
            Self::Curl => {
                format!("curl {}/models -H 'Authorization: Bearer {}'", access.base_url, access.token)
            }
            Self::Environment => format!(
                "export OPENAI_BASE_URL='{}'\nexport OPENAI_API_KEY='{}'",
                access.base_url, access.token
            ),
        }
    }
}
