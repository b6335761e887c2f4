import Foundation

/// The variables of the process's environment.
enum Environment {
    /// The value; `nil` if the variable is unset or empty.
    ///
    /// Foundation makes a dictionary of all variables at every look, which is a twentieth of a query.
    static func value(of name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
