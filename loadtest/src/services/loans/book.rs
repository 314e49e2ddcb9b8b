//! The books of the loan middleware: loans, what was paid on them, and which key has been answered with what.
//!
//! No HTTP here; `loans.rs` asks under its lock, so a payment is one step for everybody.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::cents::Cents;

/// The most that is taken at once.
const PAYMENT_MAX: Cents = Cents(1_000_000);

/// How a loan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is overdue.
    Current,
    /// Something is.
    Delinquent,
}

/// A loan as a lookup shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loan {
    /// Its number.
    pub loan_number: String,
    /// Whose it is.
    pub borrower: String,
    /// Last four digits of the borrower's social security number.
    #[serde(skip)]
    pub ssn_last4: String,
    /// Where the borrower lives.
    #[serde(skip)]
    pub zip: String,
    /// How it stands.
    pub status: Standing,
    /// What is owed; below zero when too much was paid.
    pub balance: Cents,
    /// What of it is overdue.
    pub past_due: Cents,
    /// The next instalment.
    pub next_payment: Cents,
    /// When that is due.
    pub due_date: Date,
    /// Always US dollars.
    pub currency: &'static str,
    /// What has been paid towards the next instalment.
    #[serde(skip)]
    pub ahead: Cents,
}

impl Loan {
    /// Overdue money first, then instalments: each one that is full moves the due date by a month.
    fn pay(&mut self, amount: Cents) {
        self.balance.0 -= amount.0;
        let overdue = amount.min(self.past_due);
        self.past_due.0 -= overdue.0;
        if self.past_due == Cents(0) {
            self.status = Standing::Current;
        }
        self.ahead.0 += amount.0 - overdue.0;
        while self.next_payment > Cents(0) && self.ahead >= self.next_payment {
            self.ahead.0 -= self.next_payment.0;
            self.due_date = self.due_date.saturating_add(1.month());
        }
    }
}

/// How a loan is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Lookup {
    loan_number: Option<String>,
    ssn_last4: Option<String>,
    zip: Option<String>,
}

/// What a caller wants to pay.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Order {
    loan_number: String,
    amount: Cents,
    routing_number: String,
    account_number: String,
}

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The loan it was made on.
    pub loan_number: String,
    /// How much.
    pub amount: Cents,
    /// The `Idempotency-Key` it came with.
    pub key: Option<String>,
}

/// The answer to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Receipt {
    receipt_number: String,
    loan_number: String,
    amount: Cents,
    status: &'static str,
    account_last4: String,
    new_balance: Cents,
    next_due_date: Date,
}

/// What became of a payment order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Paid {
    Now(Receipt),
    Before(Receipt),
    /// The key belongs to another order.
    KeyTaken,
    UnknownLoan,
    Refused(&'static str),
}

/// Whether the middleware knows a repeated key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// The same key gets the same receipt and pays once.
    #[default]
    Honoured,
    /// A key is only written down, as by middleware that has never heard of them: every request pays.
    Ignored,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) loans: BTreeMap<String, Loan>,
    pub(super) payments: Vec<Payment>,
    pub(super) keys: Keys,
    answered: BTreeMap<String, (Order, Receipt)>,
}

impl Book {
    /// The loan with this number, or of this person; nobody is found by half of what identifies them.
    pub(super) fn look_up(&self, by: &Lookup) -> Result<Option<&Loan>, &'static str> {
        match (&by.loan_number, &by.ssn_last4, &by.zip) {
            (Some(number), _, _) => Ok(self.loans.get(number)),
            (None, Some(ssn), Some(zip)) => {
                Ok(self.loans.values().find(|loan| loan.ssn_last4 == *ssn && loan.zip == *zip))
            }
            _ => Err("loan_number, or ssn_last4 and zip, is required"),
        }
    }

    pub(super) fn pay(&mut self, order: Order, key: Option<&str>) -> Paid {
        let known = key.filter(|_| self.keys == Keys::Honoured).and_then(|key| self.answered.get(key));
        match known {
            Some((before, receipt)) if *before == order => return Paid::Before(receipt.clone()),
            Some(_) => return Paid::KeyTaken,
            None => {}
        }
        if let Some(reason) = order.fault() {
            return Paid::Refused(reason);
        }
        let Some(loan) = self.loans.get_mut(&order.loan_number) else { return Paid::UnknownLoan };
        loan.pay(order.amount);
        let receipt = order.receipt(self.payments.len() + 1, loan);
        let key = key.map(str::to_owned);
        self.payments.push(Payment { loan_number: order.loan_number.clone(), amount: order.amount, key: key.clone() });
        if let Some(key) = key {
            self.answered.insert(key, (order, receipt.clone()));
        }
        Paid::Now(receipt)
    }
}

impl Order {
    /// Why it cannot be carried out, whatever the loan.
    fn fault(&self) -> Option<&'static str> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if self.amount <= Cents(0) || self.amount > PAYMENT_MAX {
            return Some("amount must be more than 0 and at most 10000.00");
        }
        if self.routing_number.len() != 9 || !digits(&self.routing_number) {
            return Some("routing_number must have nine digits");
        }
        if !(4..=17).contains(&self.account_number.len()) || !digits(&self.account_number) {
            return Some("account_number must have 4 to 17 digits");
        }
        None
    }

    fn receipt(&self, number: usize, loan: &Loan) -> Receipt {
        Receipt {
            receipt_number: format!("RCP-{number:06}"),
            loan_number: loan.loan_number.clone(),
            amount: self.amount,
            status: "accepted",
            account_last4: self.account_number[self.account_number.len() - 4..].to_owned(),
            new_balance: loan.balance,
            next_due_date: loan.due_date,
        }
    }
}
