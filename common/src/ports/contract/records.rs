//! What every directory must do with what companies know. Each function takes an empty, migrated database.

use super::PATIENCE;
use crate::ids::CompanyId;
use crate::ports::{Db, DbError, Directory, Record, Stored};
use serde_json::{Value, json};

/// Storing says what was new, what changed and what was there as it is; of two with the same key the last counts.
pub async fn records_are_added_changed_or_the_same(store: &(impl Db + Directory)) {
    let mut orders = vec![order("1", json!({"state": "sent"})), order("2", json!({"state": "packed"}))];
    assert_eq!(keep(store, &orders).await, Stored { added: 2, changed: 0, same: 0 });
    assert_eq!(keep(store, &orders).await, Stored { added: 0, changed: 0, same: 2 });
    orders[0].body = json!({"state": "delivered", "on": "Monday"});
    orders.extend([order("3", json!({"state": "lost"})), order("3", json!({"state": "new"}))]);
    assert_eq!(keep(store, &orders).await, Stored { added: 1, changed: 1, same: 1 });
    orders.remove(2);
    assert_eq!(store.records(&harbour(), "order").await.expect("records"), orders);
    assert_eq!(keep(store, &[]).await, Stored::default());
}

/// A record comes back as it was given, whatever its fields are.
pub async fn a_record_comes_back_as_it_was_given(store: &(impl Db + Directory)) {
    let body = json!({
        "name": "Kaffee \"Größe L\" ☕ \\u0000",
        "price": 12.5,
        "stock": -3,
        "large": 9_007_199_254_740_993_i64,
        "tags": ["heiß", null, true],
        "sizes": {"l": {"ml": 400}},
        "": "",
    });
    let record = order("ORD 1001", body);
    keep(store, std::slice::from_ref(&record)).await;
    assert_eq!(store.record_of(&harbour(), "order", "ORD 1001").await.expect("record"), Some(record));
}

/// A key is found however it is spelled, and only in its company and kind.
pub async fn a_key_is_found_without_regard_to_case_and_spaces(store: &(impl Db + Directory)) {
    let record = order("ORD-1001 b", json!({}));
    keep(store, std::slice::from_ref(&record)).await;
    let find =
        async |company: &CompanyId, kind: &str, key: &str| store.record_of(company, kind, key).await.expect("record");
    for key in ["ORD-1001 b", "ord-1001B", " Ord - 1 0 0 1\tb "] {
        assert_eq!(find(&harbour(), "order", key).await.as_ref(), Some(&record), "{key:?}");
    }
    assert_eq!(find(&harbour(), "order", "ORD-1001").await, None);
    assert_eq!(find(&harbour(), "product", "ORD-1001b").await, None);
    assert_eq!(find(&CompanyId::parse("bank").expect("a company"), "order", "ORD-1001b").await, None);
    let respelled = order("ord-1001b", json!({}));
    assert_eq!(keep(store, std::slice::from_ref(&respelled)).await, Stored { added: 0, changed: 1, same: 0 });
    assert_eq!(store.records(&harbour(), "order").await.expect("records"), [respelled]);
}

/// Whoever holds more of the words comes first; of equals, the smaller key. Words are whole words in any case, said
/// twice they count once, and where they stand does not matter.
pub async fn the_record_with_most_of_the_words_comes_first(store: &(impl Db + Directory)) {
    let article = |key: &str, body: Value| Record { kind: "article".into(), ..order(key, body) };
    keep(
        store,
        &[
            article("b-hours", json!({"text": "We OPEN at nine. On Sunday we open at ten."})),
            article("a-hours", json!({"title": "Opening", "deep": [{"text": "open, daily"}]})),
            article("parking", json!({"text": "Parking is open on Sunday at the harbour", "spaces": 40})),
            article("pets", json!({"text": "Dogs are welcome; Haustiere auch."})),
            order("sunday", json!({"text": "open on sunday"})),
        ],
    )
    .await;
    let search = async |words: &str, most: u32| {
        let found = store.search(&harbour(), "article", words, most).await.expect("search");
        found.into_iter().map(|record| record.key).collect::<Vec<_>>()
    };
    assert_eq!(search("open on Sunday?", 10).await, ["b-hours", "parking", "a-hours"]);
    assert_eq!(search("OPEN open Open sunday 40", 10).await, ["parking", "b-hours", "a-hours"]);
    assert_eq!(search("open on Sunday?", 2).await, ["b-hours", "parking"]);
    assert_eq!(search("haustiere", 10).await, ["pets"]);
    assert_eq!(search("hours", 10).await, ["a-hours", "b-hours"]);
    for nothing in ["", "?!", "pen", "ope", "%", "'; drop table records; --", "\0"] {
        assert_eq!(search(nothing, 10).await, Vec::<String>::new(), "{nothing:?}");
    }
    assert_eq!(search("open", 0).await, Vec::<String>::new());
}

/// A changed record is found by what it says now.
pub async fn a_changed_record_is_found_by_its_new_words(store: &(impl Db + Directory)) {
    keep(store, &[order("1", json!({"item": "kettle"}))]).await;
    keep(store, &[order("1", json!({"item": "teapot"}))]).await;
    assert_eq!(store.search(&harbour(), "order", "kettle", 10).await.expect("search"), []);
    assert_eq!(store.search(&harbour(), "order", "teapot", 10).await.expect("search").len(), 1);
}

/// Ten thousand records are stored at once; searching them takes no call's patience and gives no more than asked for.
pub async fn ten_thousand_records_are_searched_in_time(store: &(impl Db + Directory)) {
    let colours = ["red", "green", "blue", "grey"];
    let product = |n: usize| order(&format!("{n:05}"), json!({"text": format!("{} chair {n}", colours[n % 4])}));
    let records: Vec<_> = (0..10_000).map(product).collect();
    assert_eq!(keep(store, &records).await, Stored { added: 10_000, changed: 0, same: 0 });
    let search = async { store.search(&harbour(), "order", "a blue chair 4242", 5).await };
    let found = tokio::time::timeout(PATIENCE / 4, search).await.expect("in time").expect("search");
    let keys: Vec<_> = found.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["04242", "00002", "00006", "00010", "00014"]);
    let most = store.search(&harbour(), "order", "chair", u32::MAX).await.expect("search");
    assert_eq!(most.len(), 100, "an answer is for a model to read");
}

/// Kinds are listed by name, once each.
pub async fn kinds_are_listed_by_name(store: &(impl Db + Directory)) {
    for kind in ["product", "article", "product"] {
        for key in ["1", "2"] {
            keep(store, &[Record { kind: kind.into(), ..order(key, json!({})) }]).await;
        }
    }
    assert_eq!(store.record_kinds(&harbour()).await.expect("kinds"), ["article", "product"]);
}

/// What no store can keep is refused, without its content, and takes everything else with it.
pub async fn a_record_that_cannot_be_kept_is_refused(store: &(impl Db + Directory)) {
    let long = "x".repeat(300);
    let bad = [
        order("", json!({})),
        order(" \t", json!({})),
        order(&long, json!({})),
        order("a\0b", json!({})),
        order("1", json!(["secret"])),
        order("1", json!({"text": "secret\0"})),
        order("1", json!({"text": "secret".repeat(100_000)})),
        Record { kind: String::new(), ..order("1", json!({})) },
    ];
    for bad in bad {
        let answer = store.store(&[order("good", json!({})), bad]).await;
        assert!(matches!(&answer, Err(DbError::Refused(why)) if !why.contains("secret")), "{answer:?}");
    }
    assert_eq!(store.record_kinds(&harbour()).await.expect("kinds"), Vec::<String>::new());
}

/// A long text is kept whole, and found by its words.
pub async fn a_long_record_is_found(store: &(impl Db + Directory)) {
    let text: String = (0..20_000).map(|n| format!("w{n} ")).collect();
    let record = order("long", json!({"text": text, "blob": "y".repeat(5_000)}));
    keep(store, std::slice::from_ref(&record)).await;
    assert_eq!(store.search(&harbour(), "order", "w1 w10", 1).await.expect("search"), [record]);
}

async fn keep(store: &impl Directory, records: &[Record]) -> Stored {
    store.store(records).await.expect("store")
}

fn harbour() -> CompanyId {
    CompanyId::parse("harbour").expect("a company")
}

fn order(key: &str, body: Value) -> Record {
    Record { company: harbour(), kind: "order".into(), key: key.into(), body }
}
