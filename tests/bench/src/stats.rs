//! Medians, percentiles and spreads.

use std::{fmt, time::Duration};

/// What several rounds measured of one thing, in any unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    pub fn merge(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `NaN` where nothing was measured, which is printed as a dash.
    pub fn median(&self) -> f64 {
        self.percentile(50.0)
    }

    /// The sample below or at which so many percent of all are. Between two samples there is nothing: no time is
    /// printed that was not measured.
    pub fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    pub fn min(&self) -> f64 {
        self.percentile(0.0)
    }

    pub fn max(&self) -> f64 {
        self.percentile(100.0)
    }

    pub fn sum(&self) -> f64 {
        self.0.iter().sum()
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<T: IntoIterator<Item = f64>>(samples: T) -> Self {
        Self(samples.into_iter().collect())
    }
}

/// The median, with the least and the greatest where there are several.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Number(self.median()))?;
        if self.len() > 1 {
            write!(f, " ({}–{})", Number(self.min()), Number(self.max()))?;
        }
        Ok(())
    }
}

/// A number as a table shows it: three digits that count.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = *self;
        if !number.is_finite() {
            return f.write_str("–");
        }
        let decimals = match number.abs() {
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            _ => 2,
        };
        write!(f, "{number:.decimals$}")
    }
}

/// In milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples: Samples = (1..=100).rev().map(f64::from).collect();
        assert_eq!((samples.median(), samples.percentile(99.0), samples.max()), (50.0, 99.0, 100.0));
        assert_eq!((samples.min(), samples.len()), (1.0, 100));
        assert!(Samples::default().median().is_nan());
    }

    #[test]
    fn numbers_have_three_digits() {
        let shown = [1234.5, 99.94, 3.456, -0.123, f64::NAN].map(|number| Number(number).to_string());
        assert_eq!(shown, ["1234", "99.9", "3.46", "-0.12", "–"]);
        assert_eq!([3.0, 1.0, 2.0].into_iter().collect::<Samples>().to_string(), "2.00 (1.00–3.00)");
    }
}
