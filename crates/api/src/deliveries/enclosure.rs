//! Recordings that travel inside an event's body. Only the file's name is stored with a delivery.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::calls::recording_name;

/// The largest recording that is sent: an hour of two tracks at 16 kHz.
const BYTES_MAX: u64 = 240 << 20;

/// The body with the file's bytes, as base64, in the place of its name; in words where there is no
/// such file any more.
pub(super) async fn filled(
    body: &str,
    place: &'static str,
    folder: Option<&Path>,
) -> Result<String, String> {
    let folder = folder.ok_or("this server keeps no recordings")?;
    let (body, folder) = (body.to_owned(), folder.to_owned());
    let filling = tokio::task::spawn_blocking(move || fill(&body, place, &folder));
    filling.await.map_err(|problem| problem.to_string())?
}

fn fill(body: &str, place: &str, folder: &Path) -> Result<String, String> {
    let mut body: Value = serde_json::from_str(body).map_err(|problem| problem.to_string())?;
    let name = body.pointer(place).and_then(Value::as_str);
    let name = name.and_then(recording_name).ok_or("it names no file")?;
    let path = folder.join(name);
    let gone = |problem: std::io::Error| format!("the recording cannot be read: {problem}");
    let size = std::fs::metadata(&path).map_err(gone)?.len();
    if size > BYTES_MAX {
        return Err(format!(
            "the recording has {size} bytes, more than {BYTES_MAX}; fetch it instead"
        ));
    }
    let text = STANDARD.encode(std::fs::read(&path).map_err(gone)?);
    if let Some(place) = body.pointer_mut(place) {
        *place = json!(text);
    }
    Ok(body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_bytes_stand_in_the_place_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("call_1.wav"), b"RIFF").unwrap();
        let body = r#"{"data":{"full_audio":"call_1.wav"}}"#;
        let filled = fill(body, "/data/full_audio", folder.path()).unwrap();
        assert_eq!(filled, r#"{"data":{"full_audio":"UklGRg=="}}"#);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../secret", "/etc/passwd", "..", "", "gone.wav"] {
            let body = json!({ "data": { "full_audio": name } }).to_string();
            assert!(fill(&body, "/data/full_audio", folder.path()).is_err());
        }
    }
}
