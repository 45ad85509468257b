namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of regressions.</summary>
internal static class ModelRules
{
    /// <summary>The greatest weight, residual or deviance of a row that a query can declare.</summary>
    public const int MaxBound = 1_000_000;

    private const int MaxIterations = 25;

    // The cells of a regression are as many as the squares of its terms.
    private const int MaxTerms = 200;

    // On the scale of normalised terms; e^50 is far beyond any model.
    private const double MaxCoefficient = 50;

    /// <summary>How many terms predictors make: one for numbers, one for each label but the first of a category.</summary>
    public static int Terms(IEnumerable<SchemaColumn> predictors) => predictors.Sum(p => p.IsNumeric ? 1 : p.Categories.Count - 1);

    public static void CheckPredictors(Analysis analysis, string name, string outcome, IReadOnlyList<string> predictors)
    {
        if (predictors.Count == 0) throw new AnalysisException($"{name} has no predictors; list at least one, e.g. predictors: [age].");
        foreach (var predictor in predictors)
        {
            if (predictor == outcome) throw new AnalysisException($"{name} predicts '{outcome}' from itself; take it from the predictors.");
            if (predictors.Count(p => p == predictor) > 1) throw new AnalysisException($"{name} names '{predictor}' twice; once is enough.");
            var column = analysis.Describe(predictor);
            if (column.IsNumeric) MeasureRules.RequireBounded(analysis, name, predictor);
            else if (column.Categories.Count < 2) throw new AnalysisException($"{name}: '{predictor}' has one label only and predicts nothing; leave it out.");
        }

        var terms = Terms(predictors.Select(analysis.Describe));
        if (terms > MaxTerms) throw new AnalysisException($"{name} has {terms} terms; at most {MaxTerms}. A category has one for each label but the first; recode it to fewer.");
    }

    public static void Check(Analysis analysis, ModelMeasure measure)
    {
        CheckPredictors(analysis, measure.Name, measure.Outcome, measure.Predictors);
        if (analysis.GroupBy.Count > 0)
        {
            throw new AnalysisException(
                $"{measure.Name} is fitted step by step with coefficients that all rows share, so it cannot be grouped; take group_by out, and use where, or make the groups a predictor.");
        }

        if (measure.Kind == MeasureKind.Logistic)
        {
            MeasureRules.RequireOutcome(analysis, measure.Name, measure.Outcome);
            if (measure.WeightBound != 1 || measure.ResidualBound != 1)
            {
                throw new AnalysisException($"{measure.Name} bounds weights at {measure.WeightBound} quarters and residuals at {measure.ResidualBound}; of a logistic regression both are 1.");
            }
        }
        else
        {
            MeasureRules.RequireBounded(analysis, measure.Name, measure.Outcome);
            if (analysis.Describe(measure.Outcome).Low < 0) throw new AnalysisException($"{measure.Name}: '{measure.Outcome}' may be below 0 by its bounds, but counts are not; give bounds from 0 on.");
            RequireBound(measure.Name, "weight_bound", measure.WeightBound, 4 * MaxBound);
            RequireBound(measure.Name, "residual_bound", measure.ResidualBound, MaxBound);
        }

        RequireBound(measure.Name, "deviance_bound", measure.DevianceBound, MaxBound);
        if (measure.Iterations is < 1 or > MaxIterations)
        {
            throw new AnalysisException($"{measure.Name} has {measure.Iterations} iterations; it must be 1 to {MaxIterations}, e.g. 8. Each is a round that costs ε.");
        }

        var terms = 1 + Terms(measure.Predictors.Select(analysis.Describe));
        if (measure.Coefficients.Count != terms)
        {
            throw new AnalysisException($"{measure.Name} has {measure.Coefficients.Count} coefficients; it needs {terms}, the intercept's and one a term.");
        }

        foreach (var coefficient in measure.Coefficients)
        {
            if (!(Math.Abs(coefficient) <= MaxCoefficient) || (coefficient == 0 && double.IsNegative(coefficient)))
            {
                throw new AnalysisException($"{measure.Name} has the coefficient {coefficient}; each must lie between −{MaxCoefficient} and {MaxCoefficient}.");
            }
        }
    }

    private static void RequireBound(string name, string word, int value, int most)
    {
        if (value < 1 || value > most) throw new AnalysisException($"{name} has {word} {value}; it must be 1 to {most}.");
    }
}
