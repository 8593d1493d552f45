//! Times to wait, as texts tell them.

use std::time::Duration;

/// The time that a provider asks to wait, in words such as "Please try again in 1m3.5s."
pub(super) fn asked_for(message: &str) -> Option<Duration> {
    const ASKING: &str = "try again in ";
    // Lower case in ASCII alone keeps every byte in its place.
    let start = message.to_ascii_lowercase().find(ASKING)? + ASKING.len();
    let mut rest = message.get(start..)?.trim_start();
    let mut wait = None;
    loop {
        let digits = rest.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(rest.len());
        let Some((Ok(number), unit)) =
            rest.split_at_checked(digits).map(|(number, unit)| (number.parse::<f64>(), unit))
        else {
            break;
        };
        let unit = unit.trim_start();
        let letters = unit.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(unit.len());
        let (name, after) = unit.split_at(letters);
        let seconds = match name.to_ascii_lowercase().as_str() {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            "s" | "sec" | "second" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => break,
        };
        let part = Duration::try_from_secs_f64(number * seconds).ok()?;
        wait = Some(wait.unwrap_or(Duration::ZERO).checked_add(part)?);
        rest = after.trim_start();
    }
    wait
}

/// A duration for people, to the two units that matter: `3 d 4 h`, `2 h 10 min`, `45 s`.
pub(super) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs().max(1);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_is_read() {
        for (message, milliseconds) in [
            ("Rate limit reached. Please try again in 11.054s. Visit us.", Some(11_054)),
            ("Try again in 28ms", Some(28)),
            ("try again in 1m3.5s.", Some(63_500)),
            ("try again in 2 hours 10 minutes", Some(7_800_000)),
            ("try again in 1d 2h", Some(93_600_000)),
            ("try again in a moment", None),
            ("try again at 7:06 AM", None),
            ("try again in ", None),
            ("try again in 99999999999999999999999 s", None),
            ("é try again in 5 sé", Some(5000)),
            ("try again in 18446744073709551615s 18446744073709551615s", None),
        ] {
            assert_eq!(asked_for(message), milliseconds.map(Duration::from_millis), "{message}");
        }
    }

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (seconds, words) in
            [(0, "1 s"), (45, "45 s"), (90, "1 min"), (7830, "2 h 10 min"), (273_600, "3 d 4 h")]
        {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
