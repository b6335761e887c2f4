import Foundation
import GRDB

extension StoreError {
    /// Translates an error of SQLite or GRDB, so that no caller needs to know GRDB.
    init(_ error: any Error, path: String, busyTimeout: Duration) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .io(path: path, detail: String(describing: error))
            return
        }
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .locked(path: path, seconds: busyTimeout / .seconds(1))
        case .SQLITE_READONLY, .SQLITE_PERM:
            self = .readOnly(path: path)
        case .SQLITE_FULL:
            self = .diskFull(path: path)
        case .SQLITE_CORRUPT:
            self = .corrupt(path: path, detail: detail)
        case .SQLITE_NOTADB:
            self = .notADatabase(path: path)
        case .SQLITE_CANTOPEN:
            self = .cannotOpen(path: path, reason: detail)
        case .SQLITE_MISUSE:
            self = .closed(path: path)
        default:
            self = .io(path: path, detail: detail)
        }
    }
}
