//! The address of a session: `/v1/session?agent=NAME&sample_rate=16000`, or with a `token` in the
//! agent's place.

use axum::extract::Query;
use axum::http::Uri;
use offhook_media::{SampleRate, UnsupportedSampleRate};

/// Whom a client wants to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionTarget {
    /// The agent of this name.
    Agent(String),
    /// The agent for which somebody made this token.
    Token(String),
}

/// What a client asks for in the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRequest {
    /// Who is to answer.
    pub target: SessionTarget,
    /// Of the audio both ways; 16 kHz where the address does not say.
    pub rate: SampleRate,
}

/// An address that asks for no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionRequestError {
    /// The query is not `name=value&…` in URL encoding.
    #[error("the query {0:?} cannot be read; write ?agent=NAME&sample_rate=16000")]
    Malformed(String),
    /// No agent.
    #[error("no agent is named; write ?agent=NAME")]
    NoAgent,
    /// An agent and a token.
    #[error("agent and token are both given; a token names its agent")]
    Both,
    /// A parameter that does not exist.
    #[error("the parameter {0:?} is unknown; there are agent, token and sample_rate")]
    UnknownParameter(String),
    /// A parameter that is there twice.
    #[error("the parameter {0:?} is given twice")]
    Twice(String),
    /// A rate that is no number.
    #[error("sample_rate {0:?} is not a number of hertz, such as 16000")]
    RateNotANumber(String),
    /// A rate that is not supported.
    #[error(transparent)]
    Rate(#[from] UnsupportedSampleRate),
}

impl SessionRequest {
    /// Reads the address of a request.
    ///
    /// # Errors
    /// [`SessionRequestError`], whose message can be given to the client with status 400.
    pub fn from_uri(uri: &Uri) -> Result<Self, SessionRequestError> {
        let query = uri.query().unwrap_or_default();
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| SessionRequestError::Malformed(query.chars().take(100).collect()))?;
        let (mut agent, mut token, mut rate) = (None, None, None);
        for (name, value) in pairs {
            let slot = match name.as_str() {
                "agent" => &mut agent,
                "token" => &mut token,
                "sample_rate" => &mut rate,
                _ => return Err(SessionRequestError::UnknownParameter(name)),
            };
            if slot.replace(value).is_some() {
                return Err(SessionRequestError::Twice(name));
            }
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let target = match (given(agent), given(token)) {
            (Some(agent), None) => SessionTarget::Agent(agent),
            (None, Some(token)) => SessionTarget::Token(token),
            (None, None) => return Err(SessionRequestError::NoAgent),
            (Some(_), Some(_)) => return Err(SessionRequestError::Both),
        };
        let rate = match rate {
            None => SampleRate::HZ_16000,
            Some(text) => match text.parse::<u32>() {
                Ok(hz) => SampleRate::try_from(hz)?,
                Err(_) => return Err(SessionRequestError::RateNotANumber(text)),
            },
        };
        Ok(Self { target, rate })
    }
}
