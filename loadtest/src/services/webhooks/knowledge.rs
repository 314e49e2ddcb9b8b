//! Three articles, found by the words of a question. Nothing is understood: most words in common wins.

/// What the house knows about one thing.
#[derive(Debug)]
pub(super) struct Article {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    /// Beginnings of words that ask for it, in English, Spanish and Hinglish.
    stems: &'static [&'static str],
}

const ARTICLES: [Article; 3] = [
    Article {
        name: "opening-hours",
        title: "Opening hours",
        text: "We are open Monday to Friday from 9 am to 6 pm and Saturday from 10 am to 2 pm. We are closed on Sunday.",
        stems: &["open", "clos", "hour", "saturday", "sunday", "horario", "abiert", "abr", "khul", "samay"],
    },
    Article {
        name: "return-policy",
        title: "Return policy",
        text: "Unused goods can be returned within 30 days with the receipt. The refund arrives within five working days.",
        stems: &["return", "refund", "exchange", "devol", "reembols", "cambio", "wapas", "vapas"],
    },
    Article {
        name: "fees",
        title: "Fees",
        text: "Standard delivery costs 4.95 dollars and is free above 50 dollars. A late loan payment costs 25 dollars.",
        stems: &["fee", "cost", "charge", "price", "late", "tarifa", "cuest", "cargo", "shulk", "paisa"],
    },
];

/// The article that fits best, if any fits at all; of equals the first.
pub(super) fn find(query: &str) -> Option<&'static Article> {
    let query = query.to_lowercase();
    let words: Vec<_> = query.split(|letter: char| !letter.is_alphanumeric()).collect();
    let fit =
        |article: &Article| words.iter().filter(|word| article.stems.iter().any(|stem| word.starts_with(stem))).count();
    ARTICLES.iter().rev().max_by_key(|article| fit(article)).filter(|article| fit(article) > 0)
}
