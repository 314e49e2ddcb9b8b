//! TwiML as another reader sees it.

use super::PUBLIC;

/// What a document tells the telephone network to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// Verbs in order.
    pub(crate) verbs: Vec<Verb>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Say {
        text: String,
        language: String,
    },
    Hangup,
    Connect {
        action: String,
        stream: String,
        status_callback: String,
    },
    /// Any other: name, attributes and content as they stand there.
    Other {
        name: String,
        xml: String,
    },
}

impl Document {
    pub(crate) fn read(xml: &str) -> Self {
        let tree = roxmltree::Document::parse(xml).unwrap();
        assert!(tree.root_element().has_tag_name("Response"), "{xml}");
        let verbs = tree.root_element().children().map(|node| {
            let attribute = |node: roxmltree::Node, name| node.attribute(name).unwrap_or_default().to_owned();
            match node.tag_name().name() {
                "Say" => Verb::Say { text: node.text().unwrap().to_owned(), language: attribute(node, "language") },
                "Hangup" => Verb::Hangup,
                "Connect" => {
                    let stream = node.first_element_child().unwrap();
                    assert!(stream.has_tag_name("Stream"), "{xml}");
                    Verb::Connect {
                        action: attribute(node, "action"),
                        stream: attribute(stream, "url"),
                        status_callback: attribute(stream, "statusCallback"),
                    }
                }
                other => Verb::Other { name: other.to_owned(), xml: xml[node.range()].to_owned() },
            }
        });
        Self { verbs: verbs.collect() }
    }

    /// The one `<Connect>` in it: action path, stream URL, path of the status callback.
    pub(crate) fn connect(self) -> (String, String, String) {
        let [Verb::Connect { action, stream, status_callback }] = <[Verb; 1]>::try_from(self.verbs).unwrap() else {
            panic!("the caller is not connected")
        };
        (own_path(&action), stream, own_path(&status_callback))
    }

    /// The worker and the token in the stream's URL.
    pub(crate) fn stream(self) -> (String, String) {
        let (_, stream, _) = self.connect();
        let path = stream.strip_prefix("wss://calls.example.com/media/").unwrap();
        let (worker, token) = path.split_once('/').unwrap();
        (worker.to_owned(), token.to_owned())
    }

    /// The sentence in it, after which the call is over.
    pub(crate) fn sentence(self) -> String {
        let [Verb::Say { text, .. }, Verb::Hangup] = <[Verb; 2]>::try_from(self.verbs).unwrap() else {
            panic!("a sentence and the end are expected")
        };
        text
    }

    /// Names of the verbs, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let name = |verb: &Verb| match verb {
            Verb::Say { .. } => "Say",
            Verb::Hangup => "Hangup",
            Verb::Connect { .. } => "Connect",
            Verb::Other { .. } => "",
        };
        self.verbs.iter().map(|verb| if let Verb::Other { name, .. } = verb { name } else { name(verb) }).collect()
    }

    /// The XML of the first verb of this name.
    pub(crate) fn verb(&self, wanted: &str) -> &str {
        let found = self.verbs.iter().find_map(|verb| match verb {
            Verb::Other { name, xml } if name == wanted => Some(xml.as_str()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no <{wanted}> in {self:?}"))
    }

    /// Whether these words are among it.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.verbs.iter().any(|verb| matches!(verb, Verb::Say { text, .. } if text == words))
    }

    pub(crate) fn is_hangup(&self) -> bool {
        self.verbs == [Verb::Hangup]
    }
}

fn own_path(url: &str) -> String {
    url.strip_prefix(PUBLIC).unwrap().to_owned()
}

/// The value of an attribute of the first element in this XML, or of one within it, that has it.
pub(crate) fn attribute(xml: &str, name: &str) -> String {
    let tree = roxmltree::Document::parse(xml).unwrap();
    tree.descendants().find_map(|node| node.attribute(name)).unwrap_or_else(|| panic!("no {name} in {xml}")).to_owned()
}
