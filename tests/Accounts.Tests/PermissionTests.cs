namespace SecureAggregation.Accounts.Tests;

public class PermissionTests
{
    [Fact]
    public void Every_role_reads_results_and_only_coordinators_spend()
    {
        Assert.All(Roles.All, role => Assert.True(role.Allows(Permission.ReadResults)));
        Assert.Equal([Role.Coordinator], Permissions.Granting(Permission.AskQuestions));
        Assert.Equal([Role.Coordinator], Permissions.Granting(Permission.StopRounds));
        Assert.Equal([Role.Admin], Permissions.Granting(Permission.ManageAccounts));
        Assert.Equal([Role.Coordinator, Role.Auditor], Permissions.Granting(Permission.ExportEvidence));
    }

    [Fact]
    public void Every_permission_has_words_and_somebody_who_has_it() => Assert.All(Permissions.All, permission =>
    {
        Assert.NotEmpty(permission.Words());
        Assert.NotEmpty(Permissions.Granting(permission));
    });

    [Theory]
    [InlineData("auditor", Role.Auditor)]
    [InlineData("Admin", Role.Admin)]
    public void Word_names_its_role(string word, Role role) => Assert.Equal(role, Roles.Parse(word));

    [Fact]
    public void Unknown_word_is_refused_with_the_known_ones() => Assert.Contains("coordinator", Assert.Throws<AccountException>(() => Roles.Parse("king")).Message);
}
