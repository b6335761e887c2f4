import GRDB
import GRDBSQLite
import LexicalIndex

/// The SQL function `vdb_bm25(table, weight of phrase 0, weight of phrase 1, …)` of a full-text query:
/// the score of the lexical index (see `BM25`), for readers that find no file of it. FTS5's own bm25()
/// fixes k1 = 1.2 and b = 0.75, weighs a term in half of the passages by nothing, and finds each
/// term's frequency anew for every query.
enum BM25Function {
    static let name = "vdb_bm25"

    static func register(in database: Database) throws {
        let api = UnsafeMutablePointer(mutating: FTS5.api(database))
        guard let create = api.pointee.xCreateFunction,
            create(
                api, name, nil,
                { api, context, result, count, values in
                    BM25Function.evaluate(api, context, result, count, values)
                }, nil) == SQLITE_OK
        else { throw DatabaseError(message: "FTS5 takes no functions") }
    }

    private static func evaluate(
        _ api: UnsafePointer<Fts5ExtensionApi>?, _ context: OpaquePointer?,
        _ result: OpaquePointer?, _ count: CInt,
        _ weights: UnsafeMutablePointer<OpaquePointer?>?
    ) {
        guard let api, let weights else { return }
        var length: CInt = 0
        var total: sqlite3_int64 = 0
        var rows: sqlite3_int64 = 0
        var code = api.pointee.xColumnSize(context, -1, &length)
        if code == SQLITE_OK { code = api.pointee.xColumnTotalSize(context, -1, &total) }
        if code == SQLITE_OK { code = api.pointee.xRowCount(context, &rows) }
        guard code == SQLITE_OK else {
            sqlite3_result_error_code(result, code)
            return
        }
        let average = BM25.average(length: Int(total), passages: Int(rows))
        let saturation = BM25.saturation(length: Int(length), average: average)
        var score = 0.0
        for phrase in 0..<count {
            var iterator = Fts5PhraseIter()
            var column: CInt = 0
            var offset: CInt = 0
            code = api.pointee.xPhraseFirst(context, phrase, &iterator, &column, &offset)
            guard code == SQLITE_OK else {
                sqlite3_result_error_code(result, code)
                return
            }
            var frequency = 0
            while column >= 0 {
                frequency += 1
                api.pointee.xPhraseNext(context, &iterator, &column, &offset)
            }
            let weight = sqlite3_value_double(weights[Int(phrase)])
            score += BM25.score(weight: weight, frequency: frequency, saturation: saturation)
        }
        sqlite3_result_double(result, score)
    }
}
