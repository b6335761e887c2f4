import JSON
import Storage

/// Jobs, as `vdb stats` shows them.
extension WorkStatus {
    /// `3 units open, 2 taken by db1:17, db2:9, 40 done, 1 failed; 12,345 documents`
    var words: String {
        var parts = ["\(Figures.count(open, "unit")) open"]
        if taken > 0 {
            // Workers in the order of their units, each once.
            var names: [String] = []
            for worker in workers.map(\.worker)
            where !names.contains(where: {
                $0.utf8.elementsEqual(worker.utf8)
            }) {
                names.append(worker)
            }
            parts.append("\(taken) taken by \(names.joined(separator: ", "))")
        }
        parts.append("\(done) done")
        if failed > 0 { parts.append("\(failed) failed") }
        return parts.joined(separator: ", ") + "; "
            + Figures.count(Int(documents), "document")
            + (failedDocuments > 0 ? ", \(failedDocuments) left out" : "")
    }

    var json: JSONWriter {
        var writer = JSONWriter()
        writer.set("job", job)
        writer.set("open", open)
        writer.set("taken", taken)
        writer.set("done", done)
        writer.set("failed", failed)
        writer.set("documents", .integer(documents))
        writer.set("failed_documents", .integer(failedDocuments))
        writer.set(
            "workers",
            workers.map { worker in
                var writer = JSONWriter()
                writer.set("unit", worker.unit)
                writer.set("worker", worker.worker)
                writer.set("seconds_left", .number(worker.secondsLeft))
                return writer
            })
        writer.set(
            "failures",
            failures.map { failure in
                var writer = JSONWriter()
                writer.set("unit", failure.unit)
                writer.set("error", failure.error)
                return writer
            })
        return writer
    }
}
