//! What is said: lines of our own, spoken by the embedded voices. Words only; sound is made of
//! them in `voices`.

/// Finished questions and statements of callers.
pub(crate) const TURNS: [&str; 40] = [
    "Are you open on Saturday?",
    "How much does a cleaning cost?",
    "I would like to make an appointment, please.",
    "Can I come in tomorrow morning?",
    "What time do you close today?",
    "My name is Daniel Reed.",
    "I lost my card yesterday.",
    "Is there parking behind the building?",
    "Do I have to bring my old documents?",
    "I want to change my address.",
    "The delivery has not arrived yet.",
    "Could you tell me the balance of my account?",
    "It stopped working after the last update.",
    "Where is the nearest branch?",
    "I have a question about my last bill.",
    "Yes, that is right.",
    "No, thank you.",
    "Tuesday afternoon would be perfect.",
    "I am calling about the apartment on Maple Street.",
    "How long does the repair take?",
    "Can you send it to me by mail?",
    "My order number is four seven one nine.",
    "I think there is a mistake in the invoice.",
    "We are four adults and two children.",
    "Do you have a table near the window?",
    "What is the weather like over there?",
    "I forgot my password again.",
    "Please cancel the subscription.",
    "Is the doctor available this week?",
    "That sounds good to me.",
    "I need a new prescription.",
    "Who should I talk to about that?",
    "The heating in our flat does not work.",
    "Can I pay in two installments?",
    "I already sent the form last week.",
    "Let us do it on Friday at ten.",
    "Is breakfast included in the price?",
    "When does the next train leave?",
    "She will pick it up herself.",
    "It is the red house on the corner.",
];

/// Sentences with a place (`|`) where they are plainly unfinished and a caller may stop to think.
pub(crate) const SPLIT_TURNS: [&str; 44] = [
    "I would like to book an appointment for | next Tuesday afternoon.",
    "My name is | Eleanor Whitfield.",
    "I am looking for a flight from | Boston to Denver.",
    "Can you tell me whether | the pharmacy is open today?",
    "The thing is that my | daughter has a fever.",
    "I wanted to ask about the | price of the larger room.",
    "We will arrive on the | twelfth of March.",
    "I need to speak to someone in the | billing department.",
    "Last week I ordered a | pair of brown shoes.",
    "Could you please send the | contract to my office?",
    "It is about the letter that | you sent me in June.",
    "I am calling because | my internet is down.",
    "Do you know if I can | change the booking later?",
    "The model number should be | on the back of the machine.",
    "My appointment is with | doctor Harrison.",
    "I think we will need about | twenty chairs and three tables.",
    "So what I would like to know is | how the insurance works.",
    "When I try to log in it | always shows an error.",
    "Is it possible to get a | refund for the second ticket?",
    "I live at the corner of | Market Street and Fifth Avenue.",
    "Would it be okay if my | husband comes with me?",
    "I have been waiting for the | technician since nine o'clock.",
    "Please put me through to the | manager of the store.",
    "I was wondering if you could | recommend a good restaurant.",
    "There should be a note in your | system about my last call.",
    "For dinner we want a table for | six people at half past seven.",
    "The password that I got from | your colleague does not work.",
    "How many days would it take to | deliver the sofa to Portland?",
    "I would prefer the room with | the view over the garden.",
    "Let me see, I think it was | in the beginning of October.",
    "Can I use the same card to | pay for both of the orders?",
    "The reason for my call is the | noise from the apartment above.",
    "If I cancel before Friday do I | get my deposit back?",
    "We are planning a party and | we need a cake for thirty guests.",
    "What happens when I do not | renew the contract in time?",
    "The package was delivered to | the wrong house again.",
    "I need two tickets for the | concert on Saturday evening.",
    "Could you check if there is | a smaller size in stock?",
    "Well, um, I would like to | talk about my mortgage.",
    "I want to move my appointment from Monday to | Thursday morning.",
    "My wife said that she | already paid the bill online.",
    "Actually, I am not sure if the | medicine is right for me.",
    "The number on the card begins with | four five two.",
    "Somebody told me that your | opening hours have changed.",
];

/// What callers say to take the floor.
pub(crate) const INTERRUPTIONS: [&str; 26] = [
    "Wait, can I ask you something else?",
    "Sorry, that is not what I meant.",
    "Stop, I already know all of that.",
    "Hold on a second, please.",
    "No, I said Thursday, not Tuesday.",
    "Excuse me, how much is that going to cost?",
    "Actually, I would rather talk to a person.",
    "Sorry to interrupt, but I am in a hurry.",
    "That is fine, let us move on.",
    "But what about the weekend?",
    "Can you just tell me the price?",
    "I have heard enough, thank you.",
    "Hang on, I need to find a pen.",
    "No no, that is the wrong address.",
    "Could you repeat the last part?",
    "Let me stop you right there.",
    "What did you say about the deposit?",
    "I do not want to hear the whole list.",
    "Please speak to my assistant instead.",
    "When can I come and pick it up?",
    "That is too expensive for me.",
    "Never mind, I will call again later.",
    "My appointment was on Monday.",
    "Is there a faster way to do this?",
    "Just a moment, someone is at the door.",
    "I would like to cancel everything.",
];

/// What listeners say to show that they listen.
pub(crate) const BACKCHANNELS: [&str; 10] = [
    "Uh-huh.", "Yeah.", "Okay.", "Right.", "Mhm.", "Yes.", "Sure.", "I see.", "Got it.", "Yep.",
];

/// What people near the telephone say, to others.
pub(crate) const ASIDES: [&str; 16] = [
    "Honey, can you turn the television down?",
    "Did anybody see my keys?",
    "Put it on the table, please.",
    "The dog wants to go out again.",
    "Come here, dinner is ready.",
    "No, not now, I am on the phone.",
    "Have you done your homework?",
    "Two coffees and a croissant, please.",
    "The meeting starts in ten minutes.",
    "I told him that yesterday.",
    "Could somebody open the window?",
    "Look at what the cat is doing.",
    "Where did you park the car?",
    "Mum, where is my jacket?",
    "We should leave before it rains.",
    "They were talking about it on the news.",
];

/// What the agent says. Clear of digits, so that each written word is one spoken word.
pub(crate) const AGENT: [&str; 24] = [
    "Sure, I can help you with that right away.",
    "Yes, we are open every day of the week except on Sunday.",
    "Okay, let me explain how this works from the beginning.",
    "The first thing to know is that every visit takes about an hour.",
    "After that you will get a message with all of the details.",
    "If anything changes, you can simply call us again before noon.",
    "Our office is on the second floor, next to the big elevator.",
    "There is a small fee for new customers, which you pay only once.",
    "Most people choose the standard plan, because it covers nearly everything.",
    "The larger plan also includes travel and a yearly checkup.",
    "You can bring a friend or a member of your family along.",
    "We usually answer every request within three working days.",
    "In the summer the garden is open for guests until late in the evening.",
    "Thanks, I have written that down for you.",
    "Alright, that has been changed in our system.",
    "Well, there are several ways in which we could do this.",
    "One of them is to send the papers by mail and wait for an answer.",
    "Another way is to fill in the form that you find on our website.",
    "Some of our customers prefer to come by and talk about it in person.",
    "The building has a quiet waiting room with newspapers and tea.",
    "Parking is free for the first two hours behind the house.",
    "Please remember that the office closes early before a holiday.",
    "Of course, that is no problem at all.",
    "Great, then everything is settled for the moment.",
];

/// A split line as one sentence, and how many words lie before its split.
pub(crate) fn split(line: &str) -> (String, usize) {
    let (before, after) = line.split_once('|').unwrap_or((line, ""));
    let words = before.split_whitespace().count();
    (format!("{} {}", before.trim(), after.trim()), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_line_is_a_sentence_with_a_place_inside() {
        assert_eq!(
            split("My name is | Eleanor Whitfield."),
            ("My name is Eleanor Whitfield.".to_owned(), 3)
        );
        for line in SPLIT_TURNS {
            let (text, words) = split(line);
            let all = text.split_whitespace().count();
            assert!(words >= 3 && words + 2 <= all, "{line}");
        }
    }

    #[test]
    fn the_agent_says_no_digits_and_no_sentence_twice() {
        let mut said = AGENT.to_vec();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), AGENT.len());
        assert!(AGENT.iter().all(|line| !line.contains(char::is_numeric)));
    }
}
