import Tuning

extension TuneReport {
    /// What a reader of the numbers should know, a sentence each.
    var remarks: [String] {
        var remarks: [String] = []
        if queries.judgmentsOfMissing > 0 {
            remarks.append(
                "\(queries.judgmentsOfMissing) of \(queries.judgments) judgments name documents that "
                    + "are not in the collection"
                    + (queries.missingExample.map { ", '\($0)' for example" } ?? ""))
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
                "\(mining.copies) candidates have a positive's text, and are no negatives")
        }
        return remarks
    }
}
