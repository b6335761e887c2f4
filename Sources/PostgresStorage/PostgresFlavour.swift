/// Relatives of PostgreSQL. Their statements follow their manuals, and nobody has run this on any of them.
public enum PostgresFlavour: String, Sendable, CaseIterable {
    /// Citus 13 or later, through its coordinator.
    case citus
    /// CockroachDB 25.2 or later.
    case cockroach
    /// YugabyteDB 2025.2 or later.
    case yugabyte
}
