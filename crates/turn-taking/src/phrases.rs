//! The built-in phrases of callers, by language: what only acknowledges, and what asks the agent
//! to stop. An agent can have lists of its own instead.

/// The phrases of one language, parted by ", ".
struct Language {
    /// Primary subtag (BCP 47).
    tag: &'static str,
    acknowledgements: &'static str,
    interrupting: &'static str,
}

const LANGUAGES: [Language; 8] = [
    Language {
        tag: "en",
        acknowledgements: "mhm, mm-hmm, m-hm, mm, hm, hm-hm, hum, um-hum, \
            uh-huh, uhm, um, uh, huh, ah, aha, oh, er, erm, ok, okay, yes, yeah, yep, yup, \
            ya, right, all right, alright, sure, i see, got it, cool, great, good, nice, \
            fine, exactly, of course",
        interrupting: "stop, wait, hold on, hang on, hold up, one moment, just a moment, \
            one second, just a second, one sec, just a sec, one minute, just a minute, \
            excuse me, pause, be quiet, shut up, let me talk, let me speak, let me finish, \
            listen to me, can i say something, may i say something",
    },
    Language {
        tag: "de",
        acknowledgements: "mhm, hm, hmm, mm, aha, ah, ach so, achso, äh, ähm, ja, ja ja, jaja, \
            jep, okay, ok, genau, gut, sehr gut, alles klar, verstehe, ich verstehe, stimmt, \
            richtig, klar, na klar, gerne, super, prima, in ordnung, natürlich",
        interrupting: "stopp, stop, warte, warten sie, wart mal, warte mal, moment, \
            moment mal, einen moment, einen augenblick, augenblick, sekunde, eine sekunde, \
            entschuldigung, entschuldigen sie, aufhören, hör auf, hören sie auf, sei still, \
            seien sie still, lass mich ausreden, lassen sie mich ausreden, darf ich was sagen, \
            darf ich etwas sagen",
    },
    Language {
        tag: "es",
        acknowledgements: "mhm, hm, mm, ajá, aja, ah, eh, sí, si, sí sí, vale, ok, okay, \
            claro, claro que sí, ya, ya veo, de acuerdo, entiendo, entendido, bien, muy bien, \
            bueno, perfecto, exacto, por supuesto",
        interrupting: "pare, párate, basta, espera, espere, espérate, espérese, \
            un momento, un momentito, un segundo, un minuto, disculpe, disculpa, \
            perdone, perdona, cállate, cállese, déjame hablar, déjeme hablar, déjame terminar, \
            déjeme terminar",
    },
    Language {
        tag: "fr",
        acknowledgements: "mhm, hm, mmh, mm, euh, hein, oui, oui oui, ouais, d'accord, ok, okay, \
            ah, ah oui, ah bon, bien, très bien, bien sûr, je vois, je comprends, voilà, \
            tout à fait, exactement, parfait, entendu, c'est ça",
        interrupting: "stop, arrêtez, arrête, attendez, attends, un instant, un moment, \
            une minute, une seconde, deux secondes, excusez-moi, excuse-moi, taisez-vous, \
            tais-toi, laissez-moi parler, laisse-moi parler, laissez-moi finir, \
            laisse-moi finir, je peux parler",
    },
    Language {
        tag: "it",
        acknowledgements: "mhm, hm, mm, ah, eh, sì, si, sì sì, ok, okay, va bene, certo, \
            certamente, ho capito, capito, capisco, giusto, esatto, bene, benissimo, perfetto, \
            d'accordo, già",
        interrupting: "stop, basta, aspetti, aspetta, si fermi, fermati, fermo, ferma, \
            un attimo, un momento, un secondo, un minuto, mi scusi, scusi, scusami, stia zitto, \
            stai zitto, mi faccia parlare, fammi parlare, mi lasci finire, lasciami finire",
    },
    Language {
        tag: "nl",
        acknowledgements: "mhm, hm, mm, ah, aha, eh, ja, ja ja, jaja, jep, oké, ok, okay, \
            precies, goed, heel goed, prima, ik snap het, snap ik, ik begrijp het, begrijp ik, \
            klopt, juist, natuurlijk, tuurlijk, duidelijk",
        interrupting: "stop, wacht, wacht even, wacht eens, momentje, een moment, één moment, \
            een ogenblik, een seconde, sorry maar, pardon, hou op, houd op, stil, wees stil, \
            laat me praten, laat me uitpraten, laat mij uitpraten, mag ik iets zeggen",
    },
    Language {
        tag: "pt",
        acknowledgements: "mhm, hm, mm, aham, uhum, ah, é, sim, sim sim, ok, okay, certo, tá, \
            tá bom, tá bem, está bem, está bom, claro, entendi, percebo, percebi, pois, pois é, \
            isso, bom, beleza, com certeza, exato, perfeito",
        interrupting: "pare, parem, já chega, espera, espere, espera aí, espere aí, calma aí, \
            um momento, um momentinho, um instante, um segundo, um minuto, com licença, \
            desculpa interromper, desculpe interromper, cala a boca, deixa eu falar, \
            deixe-me falar, deixa-me falar, deixa eu terminar, deixe-me terminar",
    },
    Language {
        tag: "hi",
        acknowledgements: "हम्म, हूँ, हूं, हाँ, हां, हाँ हाँ, हां हां, हाँ जी, हां जी, जी, जी हाँ, जी हां, \
            अच्छा, ठीक, ठीक है, सही, सही है, बिल्कुल, बिलकुल, समझ गया, समझ गई, ओके, ओह, आह, \
            mhm, hmm, haan, haan ji, ji, ji haan, accha, achha, theek hai, thik hai, sahi hai, \
            bilkul, ok, okay",
        interrupting: "रुको, रुकिए, रुकिये, रुक जाओ, रुक जाइए, ठहरो, ठहरिए, बस करो, \
            एक मिनट, एक सेकंड, एक सेकेंड, सुनो, सुनिए, सुनिये, मेरी बात सुनो, मेरी बात सुनिए, \
            माफ़ कीजिए, चुप, स्टॉप, वेट, ruko, rukiye, ek minute, ek second, suno, suniye, \
            stop, wait",
    },
];

/// What listeners of `language` (BCP 47; its region makes no difference) say to show that they
/// listen. Empty where the language has no list.
#[must_use]
pub fn acknowledgements(language: &str) -> Vec<String> {
    listed(language, |language| language.acknowledgements)
}

/// What callers of `language` say to stop whoever is speaking. Empty where the language has no
/// list.
#[must_use]
pub fn interrupting_phrases(language: &str) -> Vec<String> {
    listed(language, |language| language.interrupting)
}

fn listed(language: &str, list: fn(&Language) -> &'static str) -> Vec<String> {
    let primary = language.split('-').next().unwrap_or(language);
    LANGUAGES
        .iter()
        .find(|known| known.tag.eq_ignore_ascii_case(primary))
        .map_or("", list)
        .split(", ")
        .filter(|phrase| !phrase.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::Phrases;

    #[test]
    fn a_region_has_the_phrases_of_its_language() {
        assert_eq!(acknowledgements("en-US"), acknowledgements("EN"));
        assert!(acknowledgements("en").contains(&"uh-huh".to_owned()));
        assert!(interrupting_phrases("de-AT").contains(&"einen moment".to_owned()));
        assert!(acknowledgements("xx").is_empty() && interrupting_phrases("").is_empty());
    }

    #[test]
    fn lists_are_lower_case_without_doubles_and_do_not_contradict_each_other() {
        for Language { tag, .. } in LANGUAGES {
            let acknowledgements = acknowledgements(tag);
            let interrupting = interrupting_phrases(tag);
            for list in [&acknowledgements, &interrupting] {
                assert!(list.len() >= 15, "{tag}: {}", list.len());
                let mut seen = std::collections::BTreeSet::new();
                for phrase in list {
                    assert_eq!(phrase.to_lowercase(), *phrase, "{tag}");
                    assert!(seen.insert(phrase), "{tag}: {phrase}");
                }
            }
            let stops = Phrases::new(interrupting.iter());
            for phrase in &acknowledgements {
                assert!(!stops.is_in(phrase), "{tag}: {phrase}");
            }
        }
    }
}
