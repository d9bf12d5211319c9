//! The dates of a list: years, the months of a year, the days of a month, each only if there are photos in it.

use std::fmt;

use jiff::civil;
use jiff::tz::TimeZone;

use super::query::PhotosQuery;
use crate::admin::error::PageError;
use crate::app::App;
use crate::db::photos::{Browse, Shelf, SortBy, Span};
use crate::domain::Timestamp;

/// Years back that are offered.
const YEARS: i16 = 60;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A year, a month or a day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Date {
    Year(i16),
    Month(i16, i8),
    Day(i16, i8, i8),
}

/// The bar of dates above a list.
pub(super) struct DateBar {
    /// Which date it is about.
    pub(super) of: &'static str,
    /// The ways up: all dates, the year, the month.
    pub(super) up: Vec<Choice>,
    /// The dates below, or beside the chosen day.
    pub(super) down: Vec<Choice>,
}

/// A link in the bar.
pub(super) struct Choice {
    pub(super) text: String,
    pub(super) href: String,
    pub(super) is_chosen: bool,
}

impl Date {
    /// `2026`, `2026-03` or `2026-03-09`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let date = match parts.as_slice() {
            [year] => Self::Year(year.parse().ok()?),
            [year, month] => Self::Month(year.parse().ok()?, month.parse().ok()?),
            [year, month, day] => Self::Day(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?),
            _ => return None,
        };
        date.first_day()
            .filter(|day| (1970..9000).contains(&day.year()))
            .map(|_| date)
    }

    fn first_day(self) -> Option<civil::Date> {
        match self {
            Self::Year(year) => civil::Date::new(year, 1, 1).ok(),
            Self::Month(year, month) => civil::Date::new(year, month, 1).ok(),
            Self::Day(year, month, day) => civil::Date::new(year, month, day).ok(),
        }
    }

    /// Its first moment, and the first one behind it.
    pub(super) fn span(self) -> Option<Span> {
        let first = self.first_day()?;
        let behind = match self {
            Self::Year(year) => civil::Date::new(year + 1, 1, 1).ok()?,
            Self::Month(..) => first.last_of_month().tomorrow().ok()?,
            Self::Day(..) => first.tomorrow().ok()?,
        };
        let start = |day: civil::Date| day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        Some(Span {
            from: start(first)?,
            until: start(behind)?,
        })
    }

    fn name(self) -> String {
        match self {
            Self::Year(year) => year.to_string(),
            Self::Month(_, month) => month_name(month).to_owned(),
            Self::Day(_, _, day) => day.to_string(),
        }
    }

    /// What it is a part of, from the largest, and itself.
    fn path(self) -> Vec<Self> {
        match self {
            Self::Year(_) => vec![self],
            Self::Month(year, _) => vec![Self::Year(year), self],
            Self::Day(year, month, _) => vec![Self::Year(year), Self::Month(year, month), self],
        }
    }
}

fn month_name(month: i8) -> &'static str {
    let index = usize::try_from(month - 1).unwrap_or_default();
    MONTHS.get(index).copied().unwrap_or_default()
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year}"),
            Self::Month(year, month) => write!(f, "{year}-{month:02}"),
            Self::Day(year, month, day) => write!(f, "{year}-{month:02}-{day:02}"),
        }
    }
}

impl DateBar {
    /// The bar of a list; none if there is nothing to choose.
    pub(super) async fn make(
        app: &App,
        query: &PhotosQuery,
        browse: &Browse,
    ) -> Result<Option<Self>, PageError> {
        let candidates = match query.date {
            None => match app.db.browse_bounds(browse).await? {
                Some((first, last)) => years(first, last),
                None => Vec::new(),
            },
            Some(Date::Year(year)) => (1..=12).rev().map(|month| Date::Month(year, month)).collect(),
            Some(Date::Month(year, month) | Date::Day(year, month, _)) => {
                (1..=31).rev().map(|day| Date::Day(year, month, day)).collect()
            }
        };
        let spans: Vec<(Date, Span)> = candidates
            .into_iter()
            .filter_map(|date| Some((date, date.span()?)))
            .collect();
        let asked = spans.iter().map(|(_, span)| *span).collect();
        let some = app.db.browse_spans(browse, asked).await?;
        let to = |date: Option<Date>| query.changed(|query| query.date = date);
        let down: Vec<Choice> = spans
            .into_iter()
            .filter(|(_, span)| some.contains(span))
            .map(|(date, _)| Choice {
                text: date.name(),
                href: to(Some(date)),
                is_chosen: query.date == Some(date),
            })
            .collect();
        if down.is_empty() && query.date.is_none() {
            return Ok(None);
        }
        let mut up = Vec::new();
        if let Some(date) = query.date {
            up.push(Choice {
                text: "All dates".into(),
                href: to(None),
                is_chosen: false,
            });
            // The chosen day stands among its neighbours.
            up.extend(date.path().into_iter().take(2).map(|part| Choice {
                text: part.name(),
                href: to(Some(part)),
                is_chosen: part == date,
            }));
        }
        let of = match (query.shelf, query.sort) {
            (Shelf::Trash, _) => "Deleted",
            (_, SortBy::Published) => "Published",
            _ => "Uploaded",
        };
        Ok(Some(Self { of, up, down }))
    }
}

/// Newest first.
fn years(first: Timestamp, last: Timestamp) -> Vec<Date> {
    let year = |time: Timestamp| time.to_zoned(TimeZone::UTC).year();
    let (first, last) = (year(first), year(last));
    (first.max(last - YEARS)..=last).rev().map(Date::Year).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn dates_are_read_and_span_their_days() {
        let span = |text: &str| {
            let span = Date::read(text).unwrap().span().unwrap();
            (span.from.to_string(), span.until.to_string())
        };
        let pair = |from: &str, until: &str| (format!("{from}T00:00:00Z"), format!("{until}T00:00:00Z"));
        assert_eq!(span("2024"), pair("2024-01-01", "2025-01-01"));
        assert_eq!(span("2024-02"), pair("2024-02-01", "2024-03-01"));
        assert_eq!(span("2024-02-29"), pair("2024-02-29", "2024-03-01"));
        assert_eq!(span("2024-12-31"), pair("2024-12-31", "2025-01-01"));
        for wrong in [
            "",
            "x",
            "2023-02-29",
            "2024-13",
            "2024-00",
            "-1",
            "99999",
            "2024-01-01-01",
            "1969",
        ] {
            assert_eq!(Date::read(wrong), None, "{wrong}");
        }
    }
}
