//! How words end: as if they were all, plainly in the middle, or in doubt. Told by their last words
//! alone, in English; other languages simply match less. It understands nothing.

use crate::wording::{Word, is_question, words};

/// How the words of a turn end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ending {
    /// They may be all.
    #[default]
    Whole,
    /// They may be all, and as well only begin something ("Sorry to interrupt.", "the new").
    Doubtful,
    /// They plainly stop in the middle.
    Open,
    /// Something of no known length is being spelled.
    Spelled,
    /// Something is being spelled that is too short to be all.
    SpelledShort,
}

/// Words after which a phrase goes on, in a question too: recognition gives "Can you tell me
/// whether" its question mark.
const OPENERS: &str = "and or but because the a an my your our their its whether if i'm i'd i'll \
    i've we're we'd we've they're you're it's that's there's what's than every each between dot \
    underscore um uh uhm er erm maybe then";
/// The same, but questions end with them ("should I?").
const SUBJECTS: &str = "i we they he she";
/// Words before what they belong to, unless it was said at the beginning ("what is it for?").
/// Those that often end a phrase ("in", "so") are left out.
const PREPOSITIONS: &str = "for with of from at about into during until without per onto toward \
    towards near";
/// Words that "to" follows where what it belongs to was said at the beginning.
const BELONG_TO: &str = "talk talking speak speaking go going come listen belong belongs write \
    send sent give been get used";
/// Forms of "be", after which something is said of somebody.
const BEING: &str = "is are am was were";
/// Words that ask for a verb.
const AUXILIARIES: &str = "will would can could should must might has have had does do did \
    won't wouldn't can't couldn't shouldn't hasn't haven't hadn't doesn't don't didn't isn't \
    aren't wasn't weren't not be been being";
/// Of whom an auxiliary is said where nothing more has to follow ("yes, it is").
const PRONOUNS: &str = "i you he she it we they there that this who";
/// What stands before a pronoun whose verb ends the phrase ("more than he was").
const COMPARING: &str = "than as like";
/// Words that ask, and let a preposition or a verb end the phrase.
const ASKING: &str = "what who whom whose which where when why how";
/// What is said before "that" where a sentence follows.
const SAYING: &str = "say says said think thought know knew told believe hope guess sure notice \
    noticed mentioned heard read see saw mean means is was so me him her you us them";
/// Words that mostly stand before another.
const BEFORE_ANOTHER: &str = "only just also even very really quite such own several these those \
    some any both few new other another certain via plus another's whose unless although though \
    while when where which who because like want wanted need needed wondering trying looking \
    hoping calling asking having getting";
/// Words that "on" completes instead of opening a phrase.
const COMPLETED_BY_ON: &str = "carry come go going hang hold keep later move put stay turn";
/// Phrases with which people begin, and which say nothing by themselves. Words parted by spaces,
/// phrases by commas.
const PREFACES: &str = "sorry, sorry to interrupt, i'm sorry, excuse me, pardon me, hi, hi there, \
    hello there, hey, hey there, good morning, good afternoon, good evening, well, actually, \
    listen, look, great, anyway, so, okay so, ok so, and, let me see, let's see, let me think, \
    one more thing, by the way, you know, i mean, to be honest, the thing is, just a moment, \
    one moment, one second, just a second, hold on, hang on, hang on a second, hold on a second";
/// Words with which a clause begins that mostly comes before another.
const BEFORE_A_CLAUSE: &str = "if when while although though unless since whenever";

/// How the text ends, where nothing is being spelled.
pub(crate) fn ending(text: &str) -> Ending {
    let text = text.trim_end();
    let is_question = is_question(text);
    if is_broken_off(text) {
        return Ending::Open;
    }
    let mut backwards = words(text).rev();
    let Some(last) = backwards.next() else {
        return Ending::Whole;
    };
    let before = backwards.next();
    let by_word = by_last_words(text, last, before, is_question);
    if by_word != Ending::Whole || is_question {
        return by_word;
    }
    // Recognition writes a comma after many a last word.
    if text.ends_with(',') || is_preface(text) || is_half_a_sentence(text) {
        return Ending::Doubtful;
    }
    Ending::Whole
}

/// Whether the text plainly stops in the middle.
pub(crate) fn is_unfinished(text: &str) -> bool {
    ending(text) == Ending::Open
}

/// A trailing dash or the like.
fn is_broken_off(text: &str) -> bool {
    text.ends_with(['-', '\u{2013}', '\u{2014}', '\u{2026}', ':']) || text.ends_with("...")
}

fn by_last_words(
    text: &str,
    last: Word<'_>,
    before: Option<Word<'_>>,
    is_question: bool,
) -> Ending {
    let is_before = |list: &str| before.is_some_and(|before| before.is_among(list));
    // Courtesy closes a request, alone it opens one.
    if last.is("please") {
        return open_if(before.is_none() && !is_question);
    }
    if last.is_among(OPENERS) {
        return Ending::Open;
    }
    if last.is_among(SUBJECTS) {
        let is_short = words(text).nth(3).is_none();
        return open_if(!is_question || !is_short);
    }
    if last.is("to") {
        return open_if(!(is_before(BELONG_TO) && asks(text)));
    }
    // "a cleaning on" goes on, "come on" does not.
    if last.is("on") {
        return open_if(!is_question && before.is_some() && !is_before(COMPLETED_BY_ON));
    }
    if last.is_among(PREPOSITIONS) {
        return open_if(!(is_question && asks(text)));
    }
    if last.is("that") && is_before(SAYING) || last.is("more") && is_before("a an the") {
        return Ending::Open;
    }
    if last.is_among(PRONOUNS) && is_before("and but or because if") {
        return Ending::Open;
    }
    // "Would it be okay if my" is heard as "if mine", "the new" may be all of it.
    if is_before("if whether") && !last.is_among("so not possible necessary any needed") {
        return Ending::Open;
    }
    let is_part = last.is_among(BEFORE_ANOTHER) && !last.is("other");
    if is_part && is_before("the a an my your our their its this") {
        return Ending::Open;
    }
    if last.is("be") && is_before("should will would can could must might may to not") {
        return if is_question && asks(text) {
            Ending::Whole
        } else {
            Ending::Open
        };
    }
    if last.is_among(BEING) || last.is_among(AUXILIARIES) {
        return by_verb(text, last, is_question);
    }
    // "About the", "in the" and "to the" are often heard so.
    let may_be_article = last.is_among("that them it her");
    let is_asked = is_question && asks(text);
    if may_be_article && !is_asked && (is_before(PREPOSITIONS) || is_before("in on to")) {
        return Ending::Doubtful;
    }
    let is_alone = before.is_none();
    if last.is_among(BEFORE_ANOTHER) && !is_asked && !is_alone {
        return Ending::Doubtful;
    }
    Ending::Whole
}

/// "My name is" goes on; "yes, it is" does not, nor "do you know what it is?".
fn by_verb(text: &str, last: Word<'_>, is_question: bool) -> Ending {
    let mut backwards = words(text)
        .rev()
        .skip(1)
        .skip_while(|word| last.is("not") && (word.is_among(BEING) || word.is_among(AUXILIARIES)));
    let is_said_of_pronoun = backwards.next().is_some_and(|word| word.is_among(PRONOUNS));
    let is_compared = backwards
        .next()
        .is_some_and(|word| word.is_among(COMPARING));
    let is_short = words(text).nth(4).is_none();
    let is_whole = is_question && asks(text) && !last.is("not")
        || last.is("not") && is_short && is_said_of_pronoun
        || !last.is("not") && is_said_of_pronoun && (is_short || is_compared || asks(text));
    if is_whole {
        return Ending::Whole;
    }
    let is_wondering = words(text).any(|word| word.is("wondering"));
    if is_wondering || last.is_among(BEING) && !is_said_of_pronoun {
        Ending::Open
    } else {
        Ending::Doubtful
    }
}

const fn open_if(is_open: bool) -> Ending {
    if is_open { Ending::Open } else { Ending::Whole }
}

/// Whether there is a word that asks.
fn asks(text: &str) -> bool {
    words(text).any(|word| word.is_among(ASKING))
}

/// Whether the last sentence is one of the phrases with which people begin.
fn is_preface(text: &str) -> bool {
    let sentence = words(last_sentence(text));
    PREFACES.split(',').any(|phrase| {
        let mut wanted = phrase.split_ascii_whitespace();
        let is_same = sentence
            .clone()
            .all(|word| wanted.next().is_some_and(|wanted| word.is(wanted)));
        is_same && wanted.next().is_none()
    })
}

/// Whether the last sentence is a clause before another ("If I cancel before Friday.").
fn is_half_a_sentence(text: &str) -> bool {
    let sentence = last_sentence(text);
    let mut words = words(sentence);
    let is_clause = words
        .next()
        .is_some_and(|first| first.is_among(BEFORE_A_CLAUSE));
    // "When are you open" asks.
    let asks = words
        .next()
        .is_none_or(|second| second.is_among(BEING) || second.is_among(AUXILIARIES));
    is_clause && !asks && !sentence.contains(',')
}

/// What comes after the last full stop, question or exclamation mark that is not at the end.
fn last_sentence(text: &str) -> &str {
    let text = text.trim_end_matches(['.', '!', '?', ' ']);
    text.rsplit(['.', '!', '?']).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_end(texts: &[&str], wanted: Ending) {
        for text in texts {
            assert_eq!(ending(text), wanted, "{text}");
        }
    }

    #[test]
    fn text_that_stops_in_the_middle_is_open() {
        let texts = [
            "I'd like a table for",
            "my name is",
            "My name is.",
            "a table for four and",
            "That feature is not a more.",
            "I was wondering if you could.",
            "well...",
            "I need to.",
            "The thing is that",
            "My wife said that.",
            "Please.",
            "a cleaning on",
            "I think we",
            "You have entered, and it.",
            "Would it be okay if mine?",
            "I would like the new.",
            "Please enter your new",
            "The model number should be.",
        ];
        all_end(&texts, Ending::Open);
    }

    #[test]
    fn a_question_mark_does_not_hide_an_open_word() {
        let texts = [
            "Can you tell me whether?",
            "How many days would it take to?",
            "Would it be okay if my?",
            "Do you know if I?",
            "Could you please send the?",
            "Is it possible to get a?",
        ];
        all_end(&texts, Ending::Open);
    }

    #[test]
    fn text_that_may_be_complete_is_whole() {
        let texts = [
            "a table for four",
            "at seven thirty",
            "what is it for?",
            "Where are you from?",
            "Who should I talk to?",
            "Who should I talk to about that?",
            "Do you know what it is?",
            "When are you open",
            "Should I?",
            "Can we?",
            "yes please",
            "Yes, please.",
            "Yes, it is.",
            "No, I did not.",
            "It was more than he was.",
            "on the second of May",
            "Can I turn it on?",
            "come on",
            "two",
            "Hello?",
            "",
        ];
        all_end(&texts, Ending::Whole);
    }

    #[test]
    fn openings_and_half_sentences_are_in_doubt() {
        let texts = [
            "Sorry to interrupt.",
            "Hi there.",
            "Great.",
            "Good morning!",
            "Yes. Let me see.",
            "If I cancel before Friday.",
            "When I try to log in.",
            "Do you have any?",
            "What happens when I do not?",
            "on Friday,",
            "We will arrive on it.",
            "That's all I want to know about that.",
            "That feature is not.",
            "Let me see, I think it was.",
        ];
        all_end(&texts, Ending::Doubtful);
    }
}
