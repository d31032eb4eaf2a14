//! What an agent says where its document leaves the words open, by language.

/// The built-in words of one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DefaultLines {
    pub(crate) reprompts: [&'static str; 2],
    pub(crate) apology: &'static str,
    pub(crate) goodbye_on_silence: &'static str,
    pub(crate) goodbye_on_limit: &'static str,
    pub(crate) fillers: [&'static str; 3],
    pub(crate) backchannels: [&'static str; 3],
}

/// The languages that have built-in words, by their primary subtag.
pub(crate) const LANGUAGES: [(&str, DefaultLines); 8] = [
    ("en", ENGLISH),
    ("de", GERMAN),
    ("es", SPANISH),
    ("fr", FRENCH),
    ("hi", HINDI),
    ("it", ITALIAN),
    ("nl", DUTCH),
    ("pt", PORTUGUESE),
];

/// The built-in words of `language` (BCP 47), where there are any.
pub(crate) fn default_lines(language: &str) -> Option<&'static DefaultLines> {
    let primary = language.split('-').next().unwrap_or(language);
    LANGUAGES
        .iter()
        .find(|(tag, _)| tag.eq_ignore_ascii_case(primary))
        .map(|(_, lines)| lines)
}

const ENGLISH: DefaultLines = DefaultLines {
    reprompts: [
        "Are you still there?",
        "I can't hear you. Are you still on the line?",
    ],
    apology: "Sorry, something went wrong on my side. Could you say that again?",
    goodbye_on_silence: "I can't hear anyone, so I'll hang up now. Goodbye.",
    goodbye_on_limit: "I'm sorry, we have to end the call here. Goodbye.",
    fillers: [
        "Hm, give me a second.",
        "One moment, please.",
        "Let me see.",
    ],
    backchannels: ["mhm", "uh-huh", "yeah"],
};

const GERMAN: DefaultLines = DefaultLines {
    reprompts: [
        "Sind Sie noch dran?",
        "Ich höre Sie nicht. Sind Sie noch in der Leitung?",
    ],
    apology: "Entschuldigung, bei mir ist etwas schiefgegangen. Können Sie das wiederholen?",
    goodbye_on_silence: "Ich höre niemanden und lege jetzt auf. Auf Wiederhören.",
    goodbye_on_limit: "Wir müssen das Gespräch leider hier beenden. Auf Wiederhören.",
    fillers: ["Hm, einen Moment.", "Augenblick, bitte.", "Mal sehen."],
    backchannels: ["mhm", "ja", "okay"],
};

const SPANISH: DefaultLines = DefaultLines {
    reprompts: ["¿Sigue ahí?", "No le oigo. ¿Sigue en la línea?"],
    apology: "Perdone, ha habido un problema por mi parte. ¿Puede repetirlo?",
    goodbye_on_silence: "No oigo a nadie, así que voy a colgar. Adiós.",
    goodbye_on_limit: "Lo siento, tenemos que terminar la llamada aquí. Adiós.",
    fillers: ["Mmm, un momento.", "Un segundo, por favor.", "Déjeme ver."],
    backchannels: ["ajá", "sí", "claro"],
};

const FRENCH: DefaultLines = DefaultLines {
    reprompts: [
        "Vous êtes toujours là ?",
        "Je ne vous entends pas. Êtes-vous encore en ligne ?",
    ],
    apology: "Pardon, il y a eu un problème de mon côté. Pouvez-vous répéter ?",
    goodbye_on_silence: "Je n'entends personne, je vais raccrocher. Au revoir.",
    goodbye_on_limit: "Je suis désolé, nous devons terminer l'appel ici. Au revoir.",
    fillers: [
        "Hum, un instant.",
        "Un moment, s'il vous plaît.",
        "Voyons voir.",
    ],
    backchannels: ["mmh", "oui", "d'accord"],
};

const HINDI: DefaultLines = DefaultLines {
    reprompts: [
        "क्या आप अभी भी लाइन पर हैं?",
        "मुझे आपकी आवाज़ नहीं आ रही है। क्या आप लाइन पर हैं?",
    ],
    apology: "माफ़ कीजिए, मेरी तरफ़ से कुछ गड़बड़ हो गई। क्या आप फिर से कह सकते हैं?",
    goodbye_on_silence: "मुझे कोई आवाज़ नहीं आ रही है, इसलिए यह कॉल समाप्त हो रही है। नमस्ते।",
    goodbye_on_limit: "माफ़ कीजिए, हमें कॉल यहीं समाप्त करनी होगी। नमस्ते।",
    fillers: ["हम्म, एक सेकंड।", "एक मिनट रुकिए।", "देखते हैं।"],
    backchannels: ["हम्म", "हाँ", "अच्छा"],
};

const ITALIAN: DefaultLines = DefaultLines {
    reprompts: ["È ancora in linea?", "Non la sento. È ancora lì?"],
    apology: "Mi scusi, c'è stato un problema da parte mia. Può ripetere?",
    goodbye_on_silence: "Non sento nessuno, quindi chiudo la chiamata. Arrivederci.",
    goodbye_on_limit: "Mi dispiace, dobbiamo chiudere qui la chiamata. Arrivederci.",
    fillers: [
        "Ehm, un attimo.",
        "Un momento, per favore.",
        "Vediamo un po'.",
    ],
    backchannels: ["mhm", "sì", "certo"],
};

const DUTCH: DefaultLines = DefaultLines {
    reprompts: ["Bent u er nog?", "Ik hoor u niet. Bent u nog aan de lijn?"],
    apology: "Sorry, er ging bij mij iets mis. Kunt u dat herhalen?",
    goodbye_on_silence: "Ik hoor niemand, dus ik hang nu op. Tot ziens.",
    goodbye_on_limit: "Helaas moeten we het gesprek hier beëindigen. Tot ziens.",
    fillers: [
        "Hm, een momentje.",
        "Ogenblik, alstublieft.",
        "Even kijken.",
    ],
    backchannels: ["mhm", "ja", "oké"],
};

const PORTUGUESE: DefaultLines = DefaultLines {
    reprompts: ["Ainda está aí?", "Não consigo ouvir. Ainda está na linha?"],
    apology: "Desculpe, houve um problema do meu lado. Pode repetir?",
    goodbye_on_silence: "Não ouço ninguém, por isso vou desligar. Até logo.",
    goodbye_on_limit: "Lamento, temos de terminar a chamada aqui. Até logo.",
    fillers: [
        "Hum, um momento.",
        "Só um instante, por favor.",
        "Deixe-me ver.",
    ],
    backchannels: ["aham", "sim", "certo"],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_falls_back_to_its_language() {
        assert_eq!(default_lines("en-US").unwrap().reprompts, ENGLISH.reprompts);
        assert_eq!(default_lines("PT-br").unwrap().apology, PORTUGUESE.apology);
        assert!(default_lines("xx").is_none());
    }

    #[test]
    fn every_language_has_short_fillers_and_shorter_backchannels() {
        for (language, lines) in LANGUAGES {
            for filler in lines.fillers {
                assert!(
                    (4..60).contains(&filler.chars().count()),
                    "{language}: {filler}"
                );
            }
            for word in lines.backchannels {
                assert!(
                    (2..12).contains(&word.chars().count()),
                    "{language}: {word}"
                );
            }
        }
    }
}
