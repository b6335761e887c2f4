import DocumentStore
import Foundation
import TestSupport
import Testing

struct DateTextTests {
    /// Seconds as `date -u -d TEXT +%s` prints them.
    @Test(arguments: [
        ("1970-01-01", 0, 86_400), ("2024-02-29", 1_709_164_800, 86_400),
        ("2024", 1_704_067_200, 366 * 86_400), ("2024-02", 1_706_745_600, 29 * 86_400),
        ("2024-12", 1_733_011_200, 31 * 86_400), ("2024-01-31T12:00:00Z", 1_706_702_400, 1),
        ("2024-01-31 12:00", 1_706_702_400, 60), ("2024-01-31T14:00:00+02:00", 1_706_702_400, 1),
        ("2024-01-31T06:30:00-0530", 1_706_702_400, 1), ("1900-03-01", -2_203_891_200, 86_400),
        ("Mon, 1 Jan 2024 10:00:00 +0100", 1_704_099_600, 1),
        ("01 Jan 2024 09:00:00 GMT", 1_704_099_600, 1), ("1 Jan 2024", 1_704_067_200, 86_400),
    ])
    func dates(text: String, start: Int, width: Int) throws {
        let range = try #require(DateText.range(of: text))
        #expect(range.start == Double(start) && range.end == Double(start + width))
    }

    @Test(arguments: [
        "", "x", "2024-13", "2024-02-30", "2023-02-29", "2024-1-1", "20240131", "2024-01-31T25:00",
        "2024-01-31 noon", "Mon", "1 Foo 2024", "12:00",
    ])
    func noDates(text: String) { #expect(DateText.range(of: text) == nil) }

    /// Every day of four centuries, by Foundation's calendar.
    @Test func asTheCalendarSays() throws {
        var random = RandomSource.forTest()
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        for _ in 0..<500 {
            let day = Int.random(in: -100_000..<50_000, using: &random)
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            let parts = calendar.dateComponents([.year, .month, .day], from: date)
            let text = String(
                format: "%04d-%02d-%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
            #expect(DateText.range(of: text)?.start == Double(day) * 86_400, "\(text)")
        }
    }
}
