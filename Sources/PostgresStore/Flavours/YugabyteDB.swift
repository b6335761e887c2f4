/// YugabyteDB 2025.2 or later, on paper: nobody has run this.
///
/// Its pgvector has an index of its own, over vectors as they are, which knows no filter: with one, vectors are
/// compared one by one. COPY commits a part at a time unless it is in a transaction, as it always is here.
extension FlavourRules {
    static let yugabyte = FlavourRules(
        title: "YugabyteDB",
        evidence: (
            "SELECT true FROM pg_am WHERE amname = 'ybhnsw'", "the index ybhnsw"
        ),
        hasHalves: false,
        searchSettings: { ef in ["ybhnsw.ef_search = \(min(max(ef, 1), 1000))"] + joinsByKey },
        walksWithFilter: false, concurrently: "",
        buildSettings: { _ in [] })
}
