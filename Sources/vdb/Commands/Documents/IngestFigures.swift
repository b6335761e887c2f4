import VectorDatabase

/// The figures of `vdb ingest` in words.
enum IngestFigures {
    /// `41 %`, `12.3 of 30.1 MB`, `1,234 documents`, `5,678 passages`, `2:10 left`
    ///
    /// - Parameters:
    ///   - share: what part is done, from 0 to 1; `nil` if that is not known.
    ///   - total: the bytes of all files.
    ///   - left: seconds.
    static func line(
        _ progress: IngestProgress, share: Double?, total: Int?, left: Double?
    ) -> ProgressLine.Content {
        var parts: [String] = []
        if let share, let total {
            let done = Int(min(1, share) * Double(total))
            parts = ["\(Int(min(1, share) * 100)) %", bytes(done, of: total)]
        }
        parts.append(Figures.count(progress.stored.documents, "document"))
        if progress.passages > progress.stored.documents {
            parts.append(Figures.count(progress.passages, "passage"))
        }
        if progress.stage == .indexing {
            parts.append("indexing")
        } else if let left {
            parts.append(Figures.duration(left) + " left")
        }
        return ProgressLine.Content(share: share, parts: parts, width: 10)
    }

    /// `12.3 of 30.1 MB`
    static func bytes(_ done: Int, of total: Int) -> String {
        let (scale, unit) =
            switch total {
            case ..<1000: (1.0, "bytes")
            case ..<1_000_000: (1e3, "kB")
            case ..<1_000_000_000: (1e6, "MB")
            default: (1e9, "GB")
            }
        func scaled(_ bytes: Int) -> String {
            scale == 1 ? "\(bytes)" : Figures.fixed(Double(bytes) / scale, 1)
        }
        return "\(scaled(done)) of \(scaled(total)) \(unit)"
    }

    /// `1,234 documents: 1,000 new, 234 unchanged; 56,789 tokens encoded in 0:12`
    static func sentence(_ summary: IngestSummary, isPreview: Bool = false) -> String {
        let counts = [
            (summary.inserted, "new"), (summary.replaced, "replaced"), (summary.moved, "moved"),
            (summary.unchanged, "unchanged"), (summary.skipped, "skipped"),
            (summary.failed, "failed"), (summary.deleted, "deleted"),
        ].filter { $0.0 > 0 }.map { "\(Figures.grouped($0.0)) \($0.1)" }
        let documents =
            Figures.count(summary.documents, "document")
            + (counts.isEmpty ? "" : ": " + counts.joined(separator: ", "))
        if isPreview { return documents + "; nothing was changed (--dry-run)" }
        return documents
            + (summary.tokens > 0 ? "; \(Figures.grouped(summary.tokens)) tokens encoded" : ";")
            + " in \(Figures.duration(summary.seconds))"
    }
}

/// Estimates the time left by the progress of the last seconds: what was stored before is settled
/// much faster than what must be encoded.
struct RecentRate {
    private var samples: [(time: ContinuousClock.Instant, share: Double)] = []

    /// The longest time that is looked back.
    private static let span = Duration.seconds(20)

    mutating func secondsLeft(
        share: Double?, at time: ContinuousClock.Instant
    ) -> Double? {
        guard let share else { return nil }
        samples.append((time, share))
        while samples.count > 2, time - samples[1].time > Self.span { samples.removeFirst() }
        guard let first = samples.first, share > first.share, share < 1,
            time - first.time > .seconds(1)
        else { return nil }
        return (1 - share) / (share - first.share) * ((time - first.time) / .seconds(1))
    }
}
