// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice Settles deals that can and that can't be carried out between two parties who sign, beside a ledger of its own.
contract DealsHandler is CreditWorld {
    uint256 private constant SELLER_KEY = 0x5E11;

    uint64[] public roots;
    uint64[] public goods;
    mapping(uint64 root => address) public partHolder;
    mapping(uint64 receipt => address) public goodsHolder;
    mapping(address account => uint256) public money;
    mapping(address account => uint256) public sharesOf;
    uint256 public replays;
    uint256 public unsigned;
    uint256 public done;
    uint256 public cheated;
    address public seller;
    uint256 private _nonce;
    ISettlement.Deal private _last;
    ISettlement.Deal private _signed;

    constructor() {
        deployAll();
        seller = vm.addr(SELLER_KEY);
        participants.admit(seller, type(uint128).max, "seller");
        participants.certify(seller, uint64(block.timestamp + 3650 days), 0);
        shares.openProject(PROJECT, address(token), operator, 1e9);
        vm.prank(operator);
        shares.issue(PROJECT, seller, 2_000);
        vm.prank(seller);
        shares.transfer(PROJECT, buyer, 1_000);
        address[2] memory both = [seller, buyer];
        for (uint256 i = 0; i < 2; ++i) {
            give(both[i], 1e12);
            money[both[i]] = 1e12;
            vm.prank(both[i]);
            token.approve(address(settlement), type(uint256).max);
            sharesOf[both[i]] = 1_000;
            for (uint256 j = 0; j < 3; ++j) {
                (uint64 root,) = payable_(core, both[i], 1_000_000, 20261231);
                roots.push(root);
                partHolder[root] = both[i];
                uint64 id = stored(both[i], "resin", 5);
                receipts.verify(id, "seen");
                goods.push(id);
                goodsHolder[id] = both[i];
            }
        }
    }

    /// @dev Two to four legs between the two; some are not there to give, too much, or not whole.
    function settle(uint256 seed, uint8 count, uint8 unsignedBy) external {
        ISettlement.Deal memory d;
        d.legs = new ISettlement.Leg[](2 + count % 3);
        for (uint256 i = 0; i < d.legs.length; ++i) {
            d.legs[i] = _leg(uint256(keccak256(abi.encode(seed, i))));
        }
        d.nonce = ++_nonce;
        d.deadline = uint64(block.timestamp + 10);
        _try(d, unsignedBy % 4);
    }

    /// @dev A deal is signed now and settled by a later call, whatever happens to what it names until then.
    function signForLater(uint256 seed, uint8 count) external {
        delete _signed;
        for (uint256 i = 0; i < 2 + count % 2; ++i) {
            _signed.legs.push(_leg(uint256(keccak256(abi.encode(seed, i, "later")))));
        }
        (_signed.nonce, _signed.deadline) = (++_nonce, type(uint64).max);
    }

    function settleLater() external {
        if (_signed.legs.length != 0) _try(_signed, 0);
    }

    /// @dev The obligor pays early, but never all of it: each claim keeps its part.
    function pay(uint8 which, uint32 raw) external {
        uint64 root = roots[which % roots.length];
        address holder = partHolder[root];
        uint128 most = unpaidOn(wholeOf(root)) - 1;
        if (most == 0) return;
        uint128 amount = uint128(bound(raw, 1, most));
        pay(core, root, amount);
        receivables.withdraw(address(token), holder);
        money[holder] += amount;
    }

    /// @dev Both consent to new shares of the issuer's: whoever has signed for fewer is refused then.
    function dilute(uint8 by) external {
        uint128 more = 1 + uint128(by);
        uint128 supply = shares.projectOf(PROJECT).supply;
        address[] memory both = new address[](2);
        (both[0], both[1]) = seller < buyer ? (seller, buyer) : (buyer, seller);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(both[i]);
            shares.consent(PROJECT, operator, more, supply, type(uint64).max);
        }
        vm.prank(operator);
        shares.increase(PROJECT, operator, more, both);
    }

    function replay() external {
        ISettlement.Deal memory d = _last;
        if (d.legs.length == 0) return;
        try settlement.settle(d, _signatures(d, 0)) {
            ++replays;
        } catch {}
    }

    function discount(uint8 which, uint32 rate, bool recourse, bool poor) external {
        uint64 root = roots[which % roots.length];
        address from = partHolder[root];
        address to = from == seller ? buyer : seller;
        uint64 id = wholeOf(root);
        uint128 unpaid = unpaidOn(id);
        ISettlement.Quote memory q = ISettlement.Quote(
            id,
            from,
            to,
            address(token),
            unpaid,
            unpaid,
            rate % 900_000,
            Interest.Convention.ACT_365F,
            recourse,
            ++_nonce,
            uint64(block.timestamp + 10)
        );
        bytes memory signature = _sign(to, settlement.quoteDigest(q));
        if (poor) {
            vm.prank(to);
            token.approve(address(settlement), 0);
        }
        vm.prank(from);
        try settlement.discount(q, 0, signature) returns (uint256 price) {
            money[from] += price;
            money[to] -= price;
            partHolder[root] = to;
            ++done;
        } catch {}
        vm.prank(to);
        token.approve(address(settlement), type(uint256).max);
    }

    // ---- for the invariants

    function rootCount() external view returns (uint256) {
        return roots.length;
    }

    function actual(uint256 index) external view returns (address part, address good) {
        return (
            receivables.part(wholeOf(roots[index])).holder, receipts.receipt(goods[index]).holder
        );
    }

    function balances(address account) external view returns (uint256, uint256) {
        return (token.balanceOf(account), shares.balanceOf(PROJECT, account));
    }

    function parties() external view returns (address[2] memory) {
        return [seller, buyer];
    }

    // ---- internals

    function _leg(uint256 seed) private view returns (ISettlement.Leg memory leg) {
        leg.asset = ISettlement.Asset(seed % 4);
        (leg.from, leg.to) = seed >> 8 & 1 == 0 ? (seller, buyer) : (buyer, seller);
        uint256 pick = seed >> 16;
        if (leg.asset == ISettlement.Asset.CLAIM_PART) {
            leg.id = bytes32(uint256(partsOf(roots[pick % roots.length])[0]));
            leg.amount = unpaidOn(uint64(uint256(leg.id)));
            if (pick >> 40 & 7 != 0) leg.from = receivables.part(uint64(uint256(leg.id))).holder;
        } else if (leg.asset == ISettlement.Asset.WAREHOUSE_RECEIPT) {
            (leg.id, leg.amount) = (bytes32(uint256(goods[pick % goods.length])), 1 + pick % 6);
            if (pick >> 40 & 7 != 0) leg.from = receipts.receipt(uint64(uint256(leg.id))).holder;
        } else if (leg.asset == ISettlement.Asset.PROJECT_SHARE) {
            (leg.id, leg.amount) = (PROJECT, 1 + pick % 300);
            leg.supply = shares.projectOf(PROJECT).supply;
        } else {
            (leg.id, leg.amount) = (bytes32(uint256(uint160(address(token)))), 1 + pick % 4e11);
        }
        leg.to = leg.from == seller ? buyer : seller;
    }

    function _try(ISettlement.Deal memory d, uint256 unsignedBy) private {
        ISettlement.Signature[] memory all = _signatures(d, unsignedBy);
        bool needsBoth = false;
        for (uint256 i = 0; i < d.legs.length; ++i) {
            needsBoth = needsBoth || (unsignedBy == 1 && d.legs[i].from == seller)
                || (unsignedBy == 2 && d.legs[i].from == buyer);
        }
        uint256 worthLess = 0;
        for (uint256 i = 0; i < d.legs.length; ++i) {
            if (_worth(d.legs[i]) < d.legs[i].amount) ++worthLess;
            if (d.legs[i].supply != 0 && shares.projectOf(PROJECT).supply > d.legs[i].supply) ++worthLess;
        }
        vm.prank(stranger);
        try settlement.settle(d, all) {
            if (needsBoth) ++unsigned;
            cheated += worthLess;
            for (uint256 i = 0; i < d.legs.length; ++i) {
                _book(d.legs[i]);
            }
            ++done;
            delete _last;
            for (uint256 i = 0; i < d.legs.length; ++i) {
                _last.legs.push(d.legs[i]);
            }
            (_last.nonce, _last.deadline) = (d.nonce, d.deadline);
        } catch {}
    }

    /// @dev What the leg's asset is worth now, in the leg's own measure.
    function _worth(ISettlement.Leg memory leg) private view returns (uint256) {
        uint64 id = uint64(uint256(leg.id));
        if (leg.asset == ISettlement.Asset.CLAIM_PART) return unpaidOn(id);
        if (leg.asset == ISettlement.Asset.WAREHOUSE_RECEIPT) return receipts.receipt(id).quantity;
        return leg.amount;
    }

    function _book(ISettlement.Leg memory leg) private {
        uint64 id = uint64(uint256(leg.id));
        if (leg.asset == ISettlement.Asset.CLAIM_PART) {
            partHolder[receivables.part(id).root] = leg.to;
        } else if (leg.asset == ISettlement.Asset.WAREHOUSE_RECEIPT) {
            goodsHolder[id] = leg.to;
        } else if (leg.asset == ISettlement.Asset.PROJECT_SHARE) {
            sharesOf[leg.from] -= leg.amount;
            sharesOf[leg.to] += leg.amount;
        } else {
            money[leg.from] -= leg.amount;
            money[leg.to] += leg.amount;
        }
    }

    /// @dev By both, or without the seller's (1) or the buyer's (2).
    function _signatures(ISettlement.Deal memory d, uint256 without)
        private
        view
        returns (ISettlement.Signature[] memory all)
    {
        bytes32 id = settlement.dealDigest(d);
        address[2] memory both = [seller, buyer];
        all = new ISettlement.Signature[](without == 1 || without == 2 ? 1 : 2);
        uint256 place = 0;
        for (uint256 i = 0; i < 2; ++i) {
            if (i + 1 != without) all[place++] = ISettlement.Signature(both[i], _sign(both[i], id));
        }
    }

    function _sign(address who, bytes32 digest) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(who == seller ? SELLER_KEY : BUYER_KEY, digest);
        return abi.encodePacked(r, s, v);
    }
}

contract DealsInvariants {
    DealsHandler private _handler;

    error Broken(string rule, uint256 found, uint256 wanted);

    function setUp() public {
        _handler = new DealsHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Rules 8 and 13: every leg of a deal or none, once, with the word of each who gives, and for what was signed.
    function invariant_all_legs_or_none() public view {
        for (uint256 i = 0; i < _handler.rootCount(); ++i) {
            (address part, address good) = _handler.actual(i);
            _same("part", uint160(part), uint160(_handler.partHolder(_handler.roots(i))));
            _same("goods", uint160(good), uint160(_handler.goodsHolder(_handler.goods(i))));
        }
        address[2] memory both = _handler.parties();
        for (uint256 i = 0; i < 2; ++i) {
            (uint256 money, uint256 shares) = _handler.balances(both[i]);
            _same("money", money, _handler.money(both[i]));
            _same("shares", shares, _handler.sharesOf(both[i]));
        }
        _same("replays", _handler.replays(), 0);
        _same("without a signature", _handler.unsigned(), 0);
        _same("worth less than was signed for", _handler.cheated(), 0);
    }

    function _same(string memory rule, uint256 found, uint256 wanted) private pure {
        if (found != wanted) revert Broken(rule, found, wanted);
    }
}
