import Tuning

extension TuneReport.Search {
    /// What was fitted and what it gains, in one line.
    var words: String {
        let settings =
            "k1 \(Figures.short(k1)), b \(Figures.short(b)), hybrid weight "
            + Figures.short(hybridWeight)
        let gained =
            "\(Figures.signed(gain, 4)) nDCG@10 of hybrid search in cross-validation (95 % interval "
            + "\(Figures.signed(lower, 4)) to \(Figures.signed(upper, 4)))"
        return isAdopted
            ? "\(settings): \(gained)"
            : "kept as it was, since fitting gains nothing beyond chance: \(gained)"
    }
}

extension TuneReport {
    /// Whether the tuned model is better for the held-out queries in dense search, and worse in hybrid
    /// search for all that were not trained on.
    var fallsInHybridSearch: Bool {
        after > before && (hybrid.map { $0.after < $0.before } ?? false)
    }

    /// Remarks on the figures, a sentence each.
    var remarks: [String] {
        var remarks: [String] = []
        if queries.judgmentsOfMissing > 0 {
            remarks.append(
                "\(queries.judgmentsOfMissing) of \(queries.judgments) judgments name documents that "
                    + "are not in the collection"
                    + (queries.missingExample.map { ", such as '\($0)'" } ?? ""))
        }
        if queries.queriesWithoutText > 0 {
            remarks.append("\(queries.queriesWithoutText) judged queries have no text")
        }
        if queries.queriesWithoutDocument > 0 {
            remarks.append(
                "\(queries.queriesWithoutDocument) judged queries have no relevant document in the "
                    + "collection")
        }
        if let leftOut, !leftOut.isEmpty {
            remarks.append(
                "the time limit left no time for "
                    + leftOut.map(\.rawValue).joined(separator: " and "))
        }
        if mining.queriesWithout > 0 {
            remarks.append(
                "\(mining.queriesWithout) training queries have no document at the ranks that "
                    + "negatives are drawn from, and are left out")
        }
        if mining.copies > 0 {
            remarks.append(
                "\(mining.copies) candidates have the text of a positive, and are left out")
        }
        return remarks
    }
}
