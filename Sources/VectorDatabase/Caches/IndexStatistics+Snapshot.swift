import Storage

extension IndexStatistics {
    /// - Parameter record: the current record; the snapshot's may be older.
    init(_ snapshot: VectorSnapshot, of record: CollectionRecord) {
        let graphRows = snapshot.graph?.count ?? 0
        let state: State =
            snapshot.graph != nil
            ? .graph
            : snapshot.flat != nil || record.passageCount == 0 || record.dimensions == 0
                ? .scan : .absent
        self.init(
            state: state, options: record.index,
            hasNeighborCodes: snapshot.graph?.hasNeighborCodes ?? false, graphRows: graphRows,
            flatRows: snapshot.flat?.count ?? 0,
            tailRows: max(0, record.passageCount - graphRows + snapshot.deletedInGraph),
            deletedRows: snapshot.deleted.count)
    }
}
