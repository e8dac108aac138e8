use crate::runtime::Timestamp;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads the date of an HTTP header in the one form that senders may use: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(text: &str) -> Option<Timestamp> {
    let (_weekday, rest) = text.trim().split_once(", ")?;
    let mut words = rest.split(' ');
    let day = words.next()?;
    let month = words.next()?;
    let month = MONTHS.iter().zip(1u8..).find(|(name, _)| **name == month)?.1;
    let year = words.next()?;
    let time = words.next()?;
    if words.next() != Some("GMT") || words.next().is_some() {
        return None;
    }
    moment(year, number(month, 1, 12)?, day, time)
}

/// Reads a time in UTC as S3 and its relatives write it in XML and JSON: `2009-10-12T17:50:30.000Z`, fraction optional.
pub fn iso8601(text: &str) -> Option<Timestamp> {
    let (date, time) = text.trim().strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    if date.next().is_some() || !digits(fraction) {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let whole = moment(year, part(month, 1, 12)?, day, time)?;
    Some(Timestamp::from_millis(whole.as_millis() + millis))
}

/// The day and the second in the form that signatures use: `20130524` and `20130524T000000Z`.
pub(crate) fn amz_date(time: Timestamp) -> (String, String) {
    let (year, month, day, hour, minute, second, _) = time.civil();
    let date = format!("{year:04}{month:02}{day:02}");
    let full = format!("{date}T{hour:02}{minute:02}{second:02}Z");
    (date, full)
}

fn moment(year: &str, month: u8, day: &str, time: &str) -> Option<Timestamp> {
    if year.len() != 4 || !digits(year) {
        return None;
    }
    let mut time = time.split(':');
    let (hour, minute, second) = (time.next()?, time.next()?, time.next()?);
    if time.next().is_some() {
        return None;
    }
    // 60 is a leap second.
    let (hour, minute, second) = (part(hour, 0, 23)?, part(minute, 0, 59)?, part(second, 0, 60)?);
    Some(Timestamp::from_civil(year.parse().ok()?, month, part(day, 1, 31)?, hour, minute, second))
}

fn part(text: &str, least: u8, most: u8) -> Option<u8> {
    if text.len() > 2 || !digits(text) {
        return None;
    }
    number(text.parse().ok()?, least, most)
}

fn number(value: u8, least: u8, most: u8) -> Option<u8> {
    (least..=most).contains(&value).then_some(value)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
