"""Addresses of what is bought: suppliers, their orders, what should be ordered, and what somebody has to answer."""

from django.urls import path

from inventory import views
from inventory.models import BrokenPeg

app_name = "supply"
# Who answers for which side of a broken promise
BUYS, SELLS = "inventory.purchase", "orders.confirm"
urlpatterns = [
    path("orders/", views.SupplierOrderQueueView.as_view(), name="orders"),
    path("orders/<int:pk>/", views.SupplierOrderView.as_view(), name="order"),
    path("orders/<int:pk>/print/", views.PrintOrderView.as_view(), name="print_order"),
    path("orders/<int:pk>/answer/", views.AcknowledgeView.as_view(), name="acknowledge"),
    path("orders/<int:pk>/cost/", views.AddCostView.as_view(), name="add_cost"),
    path("orders/<int:pk>/edit/", views.EditDraftView.as_view(), name="edit_order"),
    path("orders/approve/", views.ApproveOrdersView.as_view(), name="approve"),
    path("orders/mail/", views.MailOrdersView.as_view(), name="mail"),
    path("orders/send/", views.SendOrdersView.as_view(), name="send"),
    path("orders/cancel/", views.CancelOrdersView.as_view(), name="cancel"),
    path("orders/close/", views.CloseOrdersView.as_view(), name="close"),
    path("to-buy/", views.SuggestionsView.as_view(), name="suggestions"),
    path("to-buy/draft/", views.DraftSuggestionsView.as_view(), name="draft_suggestions"),
    path("reorder-points/", views.ReorderRuleQueueView.as_view(), name="rules"),
    path("reorder-points/new/", views.CreateRuleView.as_view(), name="create_rule"),
    path("reorder-points/<int:pk>/", views.EditRuleView.as_view(), name="edit_rule"),
    path("planning/", views.PlanningQueueView.as_view(), name="planning"),
    path("planning/service-level/", views.ServiceLevelView.as_view(), name="service_level"),
    path("planning/reckon/", views.ReckonPlanningView.as_view(), name="reckon_planning"),
    path("questions/", views.BrokenPegQueueView.as_view(), name="questions"),
    path("questions/keep/", views.AnswerView.as_view(verb=BUYS, says=BrokenPeg.Answer.KEEP), name="keep"),
    path("questions/cut/", views.AnswerView.as_view(verb=BUYS, says=BrokenPeg.Answer.CUT), name="cut"),
    path("questions/wait/", views.AnswerView.as_view(verb=SELLS, says=BrokenPeg.Answer.WAIT), name="wait"),
    path(
        "questions/other/",
        views.AnswerView.as_view(verb=SELLS, says=BrokenPeg.Answer.OTHER_SUPPLIER),
        name="other_supplier",
    ),
    path("questions/cancelled/", views.AnswerView.as_view(verb=SELLS, says=BrokenPeg.Answer.CANCEL), name="give_up"),
    path("suppliers/", views.SupplierQueueView.as_view(), name="suppliers"),
    path("suppliers/new/", views.CreateSupplierView.as_view(), name="create_supplier"),
    path("suppliers/<int:pk>/", views.SupplierView.as_view(), name="supplier"),
    path("suppliers/<int:pk>/edit/", views.EditSupplierView.as_view(), name="edit_supplier"),
    path("suppliers/<int:supplier_pk>/order/", views.OrderFromSupplierView.as_view(), name="order_from"),
    path("suppliers/<int:supplier_pk>/items/new/", views.CreateItemView.as_view(), name="create_item"),
    path("suppliers/<int:supplier_pk>/items/<int:pk>/", views.EditItemView.as_view(), name="edit_item"),
]
