import Tuning

extension TuneReport {
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
