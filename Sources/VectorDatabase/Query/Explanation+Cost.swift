extension Explanation {
    init(dense: SearchCost, lexical: SearchCost) {
        self.init()
        distanceComputations = dense.distanceComputations
        graphRows = dense.graphRows
        tailRows = dense.tailRows
        deletedRows = dense.deletedRows
        placesWithoutEf = dense.placesWithoutEf
        postings = lexical.postings
        scoredPassages = lexical.scoredPassages
    }
}
